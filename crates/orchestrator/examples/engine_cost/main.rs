//! What a message costs in a run: rows for docs/benchmarks.md, printed by `cargo xtask bench`.
//!
//! A source streams messages, which are handed on to a sink by one stream, or by a unary call each. The same work is
//! done by a client written by hand with generated messages, by one that hands bytes on without looking, and by the
//! engine, in turns; every figure is a median of ratios between neighbours.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

mod by_engine;
mod by_hand;
mod codec;
mod messages;
#[path = "../shared/pipeline.rs"]
mod pipeline;
mod raw;
mod service;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::messages::Size;
use self::pipeline::Outcome;
use self::service::Service;

/// How often each is measured.
const REPEATS: usize = 5;

/// How messages go to the sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By one stream.
    Stream,
    /// By unary calls, so many at once.
    Unary(usize),
}

/// How like the two messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    /// The same.
    Same,
    /// The sink's has other field numbers.
    Renumbered,
}

/// One piece of work.
#[derive(Debug, Clone, Copy)]
struct Case {
    way: Way,
    size: Size,
    likeness: Likeness,
    count: usize,
}

/// What it took.
#[derive(Debug, Clone, Copy)]
struct Cost {
    wall: Duration,
    /// Of the one thread that the client runs on.
    cpu: Duration,
}

/// `engine_cost [part of a row's name [engine]]`: with `engine` that alone runs, once, for a profiler.
fn main() -> Outcome<()> {
    let (only, profiled) = (std::env::args().nth(1), std::env::args().nth(2));
    for case in cases() {
        if only.as_ref().is_some_and(|only| !case.name().contains(only.as_str())) {
            continue;
        }
        if profiled.is_some() {
            let source = Service::start(case.size, case.count)?;
            let sink = Service::start(case.size, case.count)?;
            let plan = Arc::new(by_engine::planned(case, source.port(), sink.port())?);
            let Cost { wall, cpu } = cost(|| by_engine::run(plan))?;
            println!("{}: {wall:?}, of this thread {cpu:?}", case.name());
            continue;
        }
        println!("{}", measured(case)?);
    }
    Ok(())
}

fn cases() -> Vec<Case> {
    let case = |way, size, likeness, count| Case { way, size, likeness, count };
    let mut cases = Vec::new();
    for likeness in [Likeness::Same, Likeness::Renumbered] {
        cases.push(case(Way::Stream, Size::Small, likeness, 200_000));
        cases.push(case(Way::Stream, Size::Large, likeness, 300));
        for (at_once, small, large) in [(1, 5_000, 60), (16, 20_000, 100), (64, 20_000, 100)] {
            cases.push(case(Way::Unary(at_once), Size::Small, likeness, small));
            cases.push(case(Way::Unary(at_once), Size::Large, likeness, large));
        }
    }
    cases
}

impl Case {
    fn name(self) -> String {
        let way = match self.way {
            Way::Stream => "forwarded by a stream".to_owned(),
            Way::Unary(at_once) => format!("unary calls, {at_once} at once"),
        };
        let size = match self.size {
            Size::Small => "100 B",
            Size::Large => "1 MiB",
        };
        let carried = match self.likeness {
            Likeness::Same => "as is",
            Likeness::Renumbered => "spliced",
        };
        format!("{way}, {size}, {carried}")
    }
}

/// `| what | engine: messages/s | of static | of raw | CPU of static | CPU of raw | nanoseconds of CPU: static, raw, engine |`
fn measured(case: Case) -> Outcome<String> {
    let source = Service::start(case.size, case.count)?;
    let sink = Service::start(case.size, case.count)?;
    let (mut rates, mut of_static, mut of_raw) = (vec![], vec![], vec![]);
    let (mut cpu_of_static, mut cpu_of_raw, mut each) = (vec![], vec![], [vec![], vec![], vec![]]);
    let plan = Arc::new(by_engine::planned(case, source.port(), sink.port())?);
    for repeat in 0..=REPEATS {
        let by_hand = cost(|| by_hand::run(case, source.port(), sink.port()))?;
        let by_engine = cost(|| by_engine::run(Arc::clone(&plan)))?;
        let raw = cost(|| raw::run(case, source.port(), sink.port()))?;
        if repeat == 0 {
            continue;
        }
        let rate = |cost: Cost| case.count as f64 / cost.wall.as_secs_f64();
        rates.push(rate(by_engine));
        of_static.push(rate(by_engine) / rate(by_hand));
        of_raw.push(rate(by_engine) / rate(raw));
        cpu_of_static.push(by_engine.cpu.as_secs_f64() / by_hand.cpu.as_secs_f64());
        cpu_of_raw.push(by_engine.cpu.as_secs_f64() / raw.cpu.as_secs_f64());
        for (each, cost) in each.iter_mut().zip([by_hand, raw, by_engine]) {
            each.push(cost.cpu.as_secs_f64() * 1e6 / case.count as f64);
        }
    }
    let [by_hand, raw, by_engine] = each.map(median);
    Ok(format!(
        "| {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {by_hand:.2} | {raw:.2} | {by_engine:.2} |",
        case.name(),
        median(rates),
        median(of_static),
        median(of_raw),
        median(cpu_of_static),
        median(cpu_of_raw),
    ))
}

fn cost(work: impl FnOnce() -> Outcome<()>) -> Outcome<Cost> {
    let (begun, cpu) = (Instant::now(), thread_cpu()?);
    work()?;
    Ok(Cost { wall: begun.elapsed(), cpu: thread_cpu()?.saturating_sub(cpu) })
}

/// What this thread has had of a processor.
fn thread_cpu() -> Outcome<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split_whitespace().next().ok_or("an empty schedstat")?.parse()?;
    Ok(Duration::from_nanos(nanos))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A runtime as a run has: one thread.
fn block_on(work: impl Future<Output = Outcome<()>>) -> Outcome<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
