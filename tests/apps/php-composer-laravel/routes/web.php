<?php

use App\Http\HelloController;
use Illuminate\Support\Facades\Route;

Route::get('/', HelloController::class);
