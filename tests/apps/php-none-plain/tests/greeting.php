<?php

declare(strict_types=1);

require __DIR__ . '/../src/greeting.php';

if (greeting('you') !== 'hello you') {
    exit(1);
}
