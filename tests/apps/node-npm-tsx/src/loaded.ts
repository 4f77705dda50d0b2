Reflect.set(globalThis, "loaded", "loaded first");
