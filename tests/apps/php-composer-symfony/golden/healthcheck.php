<?php
// Asks whether the service is well, by FastCGI: what speaks HTTP is another container.
//
//   healthcheck.php http PORT PATH SECONDS      index.php answers PATH with 2xx or 3xx
//   healthcheck.php ping PORT SECONDS           PHP-FPM has a process that answers
//   healthcheck.php file PATH SECONDS           the file was touched within so many seconds
//   healthcheck.php connect HOST PORT           somebody listens there
declare(strict_types=1);

/** Ends with 1. Written for PHP 7.4, too. */
function fail(string $why)
{
    fwrite(STDERR, "healthcheck: $why\n");
    exit(1);
}

function open(string $host, string $port, int $seconds)
{
    $stream = @fsockopen($host, (int) $port, $code, $why, $seconds) ?: fail("$host:$port: $why");
    stream_set_timeout($stream, $seconds);
    return $stream;
}

function pair(string $name, string $value): string
{
    $length = fn (string $it): string => strlen($it) < 128 ? chr(strlen($it)) : pack('N', strlen($it) | 0x80000000);
    return $length($name) . $length($value) . $name . $value;
}

// https://fastcgi-archives.github.io/FastCGI_Specification.html
function record(int $type, string $content): string
{
    return pack('CCnnCx', 1, $type, 1, strlen($content), 0) . $content;
}

/** What FastCGI answers to a GET. */
function ask(string $port, string $script, string $path, int $seconds): string
{
    $stream = open('127.0.0.1', $port, $seconds);
    $parameters = [
        'REQUEST_METHOD' => 'GET', 'SCRIPT_FILENAME' => $script, 'SCRIPT_NAME' => $script === '' ? $path : '/index.php',
        'REQUEST_URI' => $path, 'QUERY_STRING' => explode('?', $path, 2)[1] ?? '', 'SERVER_PROTOCOL' => 'HTTP/1.1',
        'SERVER_NAME' => '127.0.0.1', 'SERVER_PORT' => '80', 'REMOTE_ADDR' => '127.0.0.1', 'HTTP_HOST' => '127.0.0.1',
    ];
    $pairs = implode('', array_map('pair', array_keys($parameters), $parameters));
    fwrite($stream, record(1, pack('nCx5', 1, 0)) . record(4, $pairs) . record(4, '') . record(5, ''));
    $output = '';
    while (strlen($head = (string) stream_get_contents($stream, 8)) === 8) {
        ['type' => $type, 'length' => $length, 'padding' => $padding] = unpack('Cversion/Ctype/nid/nlength/Cpadding', $head);
        $content = (string) stream_get_contents($stream, $length + $padding);
        if ($type === 6) {
            $output .= substr($content, 0, $length);
        } elseif ($type === 3) {
            return $output;
        }
    }
    fail("$path: no whole answer within $seconds s");
}

[, $question, $first, $second] = [...$argv, '', '', ''];
switch ($question) {
    case 'http':
        $answer = ask($first, '/app/public/index.php', $second, (int) $argv[4]);
        $status = preg_match('/^Status: (\d+)/mi', $answer, $found) ? (int) $found[1] : 200;
        $status >= 200 && $status < 400 ?: fail("$second: $status");
        break;
    case 'ping':
        substr(ask($first, '', '/fpm-ping', (int) $second), -4) === 'pong' ?: fail('PHP-FPM does not say pong');
        break;
    case 'file':
        $age = time() - (@filemtime($first) ?: fail("there is no $first"));
        $age <= (int) $second ?: fail("$first was last touched $age s ago");
        break;
    case 'connect':
        fclose(open($first, $second, 2));
        break;
    default:
        fail("`$question` is no question");
}
