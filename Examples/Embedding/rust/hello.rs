//! The smallest program: a module is compiled, an instance made, an export called.
//!   hello hello.wat

use cannery::{Config, Engine, Instance, Module, Store};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: hello MODULE")?;
    let engine = Engine::new(&Config::new())?;
    let module = Module::from_file(&engine, path)?;
    let mut store = Store::new(&engine)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    // The types are checked here, once.
    let add = instance.typed_func::<(i32, i32), i32>(&store, "add")?;
    println!("2 + 3 = {}", add.call(&mut store, (2, 3))?);
    Ok(())
}
