//! Executions that stop and go on: by slices of instructions, and where the host answers later. No thread waits.
//!   suspend suspend.wat

use std::sync::mpsc;

use cannery::{
    Caller, Config, Engine, Execution, Linker, Metering, Module, State, Store, Trap, Val,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: suspend MODULE")?;
    let engine = Engine::new(&Config::new().metering(Metering::Icp))?;
    let module = Module::from_file(&engine, path)?;
    let mut store = Store::new(&engine)?;
    let mut linker = Linker::new();
    // Tells the question, and waits for the answer.
    let (questions, asked) = mpsc::channel();
    linker.func(
        &mut store,
        "host",
        "ask",
        move |caller: &mut Caller<'_>, question: i32| -> Result<i32, Trap> {
            questions
                .send(question)
                .map_err(|_| Trap::new("nobody listens"))?;
            Err(caller.suspend())
        },
    )?;
    let instance = linker.instantiate(&mut store, &module)?;

    let count = instance.func(&store, "count").ok_or("there is no count")?;
    let mut execution = Execution::new(&mut store, &count, &[Val::I32(10_000)], Some(10_000))?;
    let mut state = execution.run(&mut store)?;
    let mut slices = 1;
    while let State::OutOfInstructions = state {
        // Here others could take their turn.
        state = execution.resume(&mut store, 10_000)?;
        slices += 1;
    }
    let results = state.finished().ok_or("it didn't finish")?;
    println!(
        "count(10000) = {} in {slices} slices",
        results[0].i32().ok_or("the result is no i32")?
    );

    let product = instance
        .func(&store, "product")
        .ok_or("there is no product")?;
    let mut execution = Execution::new(&mut store, &product, &[], None)?;
    if !matches!(execution.run(&mut store)?, State::Waiting) {
        return Err("it doesn't wait".into());
    }
    println!("the guest asks: {}", asked.recv()?);
    // Later, on any thread.
    let results = execution
        .resume_host(&mut store, &[Val::I32(7)])?
        .finished()
        .ok_or("it didn't finish")?;
    println!(
        "product() = {}",
        results[0].i32().ok_or("the result is no i32")?
    );
    Ok(())
}
