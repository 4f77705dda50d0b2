import java.nio.file.Files;
import java.nio.file.Path;

class Worker {
    public static void main(String[] words) throws Exception {
        Path migrated = Path.of("/var/lib/notes/migrated");
        if (words.length > 0) {
            Files.writeString(migrated, "migrated");
            return;
        }
        System.out.println("worker started, " + Files.readString(migrated));
        while (true) {
            Files.writeString(Path.of("/tmp/alive"), "");
            Thread.sleep(2000);
        }
    }
}
