import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Asks whether the service is well: its image has nothing else to ask with. Built by the Dockerfile, no part of the program.
 *
 * <pre>
 * HealthCheck http PORT PATH SECONDS
 * HealthCheck tcp PORT SECONDS
 * HealthCheck file PATH SECONDS
 * HealthCheck connect HOST PORT
 * </pre>
 *
 * And runs a program, which it ends after so many seconds:
 *
 * <pre>
 * HealthCheck bound SECONDS PROGRAM ARGUMENT…
 * </pre>
 */
class HealthCheck {
    public static void main(String[] words) throws Exception {
        String problem = switch (words[0]) {
            case "http" -> http(words[1], words[2], words[3]);
            case "tcp" -> tcp("127.0.0.1", words[1], words[2]);
            case "connect" -> tcp(words[1], words[2], "2");
            case "file" -> file(words[1], words[2]);
            case "bound" -> bound(words[1], Arrays.copyOfRange(words, 2, words.length));
            default -> words[0] + " is no question";
        };
        if (problem != null) {
            System.err.println("healthcheck: " + problem);
            System.exit(1);
        }
    }

    // By hand: a client for HTTP takes three times as long to load.
    static String http(String port, String path, String seconds) throws Exception {
        try (Socket socket = connect("127.0.0.1", port, seconds)) {
            String question = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(question.getBytes(StandardCharsets.UTF_8));
            // `HTTP/1.1 200`: more is not asked
            String answer = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
            return answer.matches("HTTP/1\\.[01] [23][0-9][0-9]") ? null : path + ": " + answer;
        }
    }

    static String tcp(String host, String port, String seconds) throws Exception {
        connect(host, port, seconds).close();
        return null;
    }

    static String file(String path, String seconds) throws Exception {
        long age = (System.currentTimeMillis() - Files.getLastModifiedTime(Path.of(path)).toMillis()) / 1000;
        return age <= Long.parseLong(seconds) ? null : path + " was last touched " + age + " s ago";
    }

    static String bound(String seconds, String[] command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        if (!process.waitFor(Long.parseLong(seconds), TimeUnit.SECONDS)) {
            process.destroyForcibly();
            return command[0] + " took more than " + seconds + " s";
        }
        return process.exitValue() == 0 ? null : command[0] + " ended with " + process.exitValue();
    }

    static Socket connect(String host, String port, String seconds) throws Exception {
        int limit = Integer.parseInt(seconds) * 1000;
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress(host, Integer.parseInt(port)), limit);
        socket.setSoTimeout(limit);
        return socket;
    }
}
