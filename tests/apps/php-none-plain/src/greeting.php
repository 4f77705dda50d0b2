<?php

declare(strict_types=1);

function greeting(string $text): string
{
    return "hello $text";
}
