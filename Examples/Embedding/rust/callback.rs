//! A function of WebAssembly as a plain C function pointer, for C code that knows nothing of WebAssembly.
//!   callback callback.wat

use cannery::{Closure, Config, Engine, Instance, Module, Store};

/// Simpson's rule, as a C library might have it.
extern "C" fn integrate(f: extern "C" fn(f64) -> f64, from: f64, to: f64) -> f64 {
    let intervals = 100;
    let step = (to - from) / f64::from(intervals);
    let inner: f64 = (1..intervals)
        .map(|i| f64::from(if i % 2 == 1 { 4 } else { 2 }) * f(from + f64::from(i) * step))
        .sum();
    (f(from) + inner + f(to)) * step / 3.0
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: callback MODULE")?;
    let engine = Engine::new(&Config::new())?;
    let module = Module::from_file(&engine, path)?;
    let mut store = Store::new(&engine)?;
    let instance = Instance::new(&mut store, &module, &[])?;

    let square = instance
        .func(&store, "square")
        .ok_or("there is no square")?;
    let square = Closure::new(&mut store, &square, "(F)F")?;
    // `with` lends the store to the code that calls, and tells afterwards whether the last call trapped.
    let integral = square.with(&mut store, |function| {
        // SAFETY: this is the type that the signature `(F)F` means.
        let function: extern "C" fn(f64) -> f64 = unsafe { std::mem::transmute(function) };
        integrate(function, 0.0, 3.0)
    })?;
    println!("integral of x * x from 0 to 3: {integral:.3}");

    let divide = instance
        .func(&store, "divide")
        .ok_or("there is no divide")?;
    let divide = Closure::new(&mut store, &divide, "(ii)i")?;
    for (a, b) in [(7, 2), (1, 0)] {
        let quotient = divide.with(&mut store, |function| {
            // SAFETY: this is the type that the signature `(ii)i` means.
            let function: extern "C" fn(i32, i32) -> i32 = unsafe { std::mem::transmute(function) };
            // A C function can't trap: it returns zero, and the trap waits.
            function(a, b)
        });
        match quotient {
            Ok(quotient) => println!("divide({a}, {b}) = {quotient}"),
            Err(trap) => println!("divide({a}, {b}): {trap}"),
        }
    }
    Ok(())
}
