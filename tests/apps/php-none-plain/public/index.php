<?php

declare(strict_types=1);

require __DIR__ . '/../src/greeting.php';

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$answer = match ($path) {
    '/', '/hello' => greeting((string) getenv('GREETING')),
    '/about' => sprintf(
        'opcache %s, timestamps %s, https %s, children %s',
        var_export(opcache_get_status(false) !== false, true),
        ini_get('opcache.validate_timestamps'),
        $_SERVER['HTTPS'] ?? 'no',
        getenv('PHP_FPM_CHILDREN'),
    ),
    '/notes' => file_put_contents('/app/data/note', 'kept') ? file_get_contents('/app/data/note') : 'not kept',
    default => null,
};
if ($answer === null) {
    http_response_code(404);
}
echo $answer ?? 'nothing here';
