//! Counting instructions as the Internet Computer does, and limiting them.
//!   metering metering.wat

use cannery::{Config, Engine, Execution, Instance, Metering, Module, State, Store, Val};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: metering MODULE")?;
    let engine = Engine::new(&Config::new().metering(Metering::Icp))?;
    let module = Module::from_file(&engine, path)?;
    let mut store = Store::new(&engine)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let factorial = instance
        .func(&store, "factorial")
        .ok_or("there is no factorial")?;

    // An execution is a call that can be limited, stopped and resumed.
    let mut execution = Execution::new(&mut store, &factorial, &[Val::I64(20)], Some(1_000_000))?;
    let results = execution
        .run(&mut store)?
        .finished()
        .ok_or("it didn't finish")?;
    println!(
        "factorial(20) = {}",
        results[0].i64().ok_or("the result is no i64")?
    );
    println!("instructions: {}", execution.instructions(&store));

    let mut execution = Execution::new(&mut store, &factorial, &[Val::I64(20)], Some(50))?;
    // It could be resumed with more; dropped, it is as if it had been stopped here for good.
    if let State::OutOfInstructions = execution.run(&mut store)? {
        println!("with 50 instructions: out of instructions");
    }
    Ok(())
}
