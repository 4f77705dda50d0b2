<?php

namespace App\Http;

class HelloController
{
    public function __invoke(): string
    {
        return 'hello ' . getenv('WHO');
    }
}
