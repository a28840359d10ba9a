//! Reading, writing and growing a guest's memory.
//!   memory memory.wat

use cannery::{Config, Engine, Instance, Memory, Module, Store};

fn print_size(store: &Store, memory: &Memory) {
    let pages = memory.size(store);
    println!(
        "memory: {pages} page{}, {} bytes",
        if pages == 1 { "" } else { "s" },
        memory.data_size(store)
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: memory MODULE")?;
    let engine = Engine::new(&Config::new())?;
    let module = Module::from_file(&engine, path)?;
    let mut store = Store::new(&engine)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let memory = instance
        .memory(&store, "memory")
        .ok_or("there is no memory")?;
    let reverse = instance.typed_func::<(u32, u32), ()>(&store, "reverse")?;
    print_size(&store, &memory);

    // Copies with bounds checked …
    memory.write(&mut store, 1000, b"Cannery")?;
    reverse.call(&mut store, (1000, 7))?;
    // … and the bytes themselves: while they are looked at, the store can't be used to call anything.
    let bytes = memory.data(&store).ok_or("the store tracks writes")?;
    println!("reversed: {}", String::from_utf8_lossy(&bytes[1000..1007]));
    if memory.write(&mut store, 65530, b"Cannery").is_err() {
        println!("write beyond the end: refused");
    }

    memory.grow(&mut store, 1)?;
    print_size(&store, &memory);
    if memory.grow(&mut store, 1).is_err() {
        println!("grow beyond the maximum: refused");
    }
    Ok(())
}
