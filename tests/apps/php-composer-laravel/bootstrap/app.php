<?php

use Illuminate\Console\Scheduling\Schedule;
use Illuminate\Foundation\Application;
use Illuminate\Support\Facades\Queue;

return Application::configure(basePath: dirname(__DIR__))
    ->withRouting(web: __DIR__ . '/../routes/web.php', health: '/up')
    ->withMiddleware(fn ($middleware) => $middleware->trustProxies(at: '*'))
    ->withExceptions()
    // signs of life, for probes: of the scheduler once a minute, of the worker each time that it looks for work
    ->withSchedule(fn (Schedule $schedule) => $schedule->call(fn () => touch('/tmp/alive'))->everyMinute())
    ->booted(fn () => Queue::looping(fn () => touch('/tmp/alive')))
    ->create();
