package hello;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

class Main {
    public static void main(String[] words) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/", exchange -> answer(exchange, greeting() + System.getenv("GREETING")));
        server.createContext("/limits", exchange -> {
            Runtime runtime = Runtime.getRuntime();
            answer(exchange, "heap " + (runtime.maxMemory() >> 20) + " cpus " + runtime.availableProcessors());
        });
        server.createContext("/notes", exchange -> {
            Files.writeString(Path.of("/var/lib/notes/note"), "kept");
            answer(exchange, Files.readString(Path.of("/var/lib/notes/note")));
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(1)));
        server.start();
        System.out.println("listening");
    }

    static String greeting() throws IOException {
        try (var file = Main.class.getResourceAsStream("greeting.txt")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8).strip() + " ";
        }
    }

    static void answer(HttpExchange exchange, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
