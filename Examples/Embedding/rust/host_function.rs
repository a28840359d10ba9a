//! Functions of the host that WebAssembly calls.
//!   host_function host-function.wat

use cannery::{Caller, Config, Engine, Func, FuncType, Linker, Module, Store, Trap};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: host_function MODULE")?;
    let engine = Engine::new(&Config::new())?;
    let module = Module::from_file(&engine, path)?;
    let mut store = Store::new(&engine)?;
    let mut linker = Linker::new();

    // A closure that wants to see its caller takes it first. What it lends of the memory is there as long as nothing runs.
    linker.func(
        &mut store,
        "host",
        "log",
        |caller: &mut Caller<'_>, offset: u32, size: u32| -> Result<(), Trap> {
            let memory = caller
                .data(0)
                .ok_or_else(|| Trap::new("the caller has no memory"))?;
            let bytes = (offset as usize)
                .checked_add(size as usize)
                .and_then(|end| memory.get(offset as usize..end));
            let bytes = bytes.ok_or_else(|| Trap::new("out of bounds memory access"))?;
            println!("guest says: {}", String::from_utf8_lossy(bytes));
            Ok(())
        },
    )?;
    // Parameters and results are those of the closure: nothing is converted at a call.
    linker.func(&mut store, "host", "add", |a: i32, b: i32| {
        println!("host adds: {a} + {b}");
        a + b
    })?;
    // Where the type is known only when the program runs, values say what they are.
    let none = FuncType::new([], []);
    let refuse = Func::new(&mut store, "refuse", none, |_, _| {
        Err(Trap::new("the host refuses"))
    })?;
    linker.define("host", "refuse", refuse);

    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.typed_func::<(), i32>(&store, "run")?;
    println!("run() = {}", run.call(&mut store, ())?);
    for name in ["overrun", "fail"] {
        let function = instance.typed_func::<(), ()>(&store, name)?;
        if let Err(trap) = function.call(&mut store, ()) {
            println!("{name}(): {trap}");
        }
    }
    Ok(())
}
