plugins {
    java
}

tasks.jar {
    manifest { attributes("Main-Class" to "hello.Main") }
}
