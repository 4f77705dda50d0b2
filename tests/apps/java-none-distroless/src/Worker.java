import java.nio.file.Files;
import java.nio.file.Path;

class Worker {
    public static void main(String[] words) throws Exception {
        System.out.println("worker started");
        while (true) {
            Files.writeString(Path.of("/tmp/alive"), "");
            Thread.sleep(2000);
        }
    }
}
