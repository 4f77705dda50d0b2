<?php

declare(strict_types=1);

// PHP-FPM's image is told to stop by SIGQUIT.
pcntl_async_signals(true);
foreach ([SIGQUIT, SIGTERM] as $signal) {
    pcntl_signal($signal, fn () => exit(0));
}
echo "worker started\n";
while (true) {
    touch('/tmp/alive');
    sleep(2);
}
