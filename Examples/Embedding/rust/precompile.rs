//! Compiling once, and loading what was compiled.
//!   precompile precompile.wat ARTIFACT

use std::path::Path;

use cannery::{Config, Engine, Instance, Module, Store};

/// Opens an artifact, and verifies that all of it is as a compiler made it.
fn open(engine: &Engine, path: &Path) -> cannery::Result<Module> {
    // SAFETY: this program changes the file only when it has dropped the module.
    let module = unsafe { Module::open(engine, path)? };
    module.verify()?;
    Ok(module)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(source), Some(artifact)) = (arguments.next(), arguments.next()) else {
        return Err("usage: precompile MODULE ARTIFACT".into());
    };
    let artifact = Path::new(&artifact);
    Module::from_file(&Engine::new(&Config::new())?, source)?.save(artifact)?;
    println!("saved");

    // Another process, another machine: the file is mapped, and each function is verified before its first call.
    let engine = Engine::new(&Config::new())?;
    let module = open(&engine, artifact)?;
    println!("verified");
    let mut store = Store::new(&engine)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let fib = instance.typed_func::<i32, i64>(&store, "fib")?;
    println!("fib(25) = {}", fib.call(&mut store, 25)?);
    let digits: String = module.hash()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    println!("module: {digits}");
    drop((fib, instance, store, module));

    // The last byte is code, or belongs to it.
    let mut bytes = std::fs::read(artifact)?;
    *bytes.last_mut().ok_or("the artifact is empty")? ^= 1;
    std::fs::write(artifact, bytes)?;
    println!(
        "damaged: {}",
        if open(&engine, artifact).is_ok() {
            "accepted"
        } else {
            "refused"
        }
    );
    Ok(())
}
