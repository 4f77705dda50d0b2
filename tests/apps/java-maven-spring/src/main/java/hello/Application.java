package hello;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class Application {
    public static void main(String[] words) {
        SpringApplication.run(Application.class, words);
    }

    @GetMapping("/")
    public String hello() {
        return "hello " + System.getenv("WHO");
    }
}
