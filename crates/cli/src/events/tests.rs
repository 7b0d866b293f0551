//! Writers that are slow, that fail and that hang.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aieffect_orchestrator::store::StoredEvent;

use super::queue::{Closed, Happened, Queue, Unheard};
use super::write;

fn ready(node: usize) -> Happened {
    Happened { at: SystemTime::UNIX_EPOCH, event: StoredEvent::NodeReady { node: node.to_string() } }
}

/// Writes into a list, once it is let.
struct Held {
    until: Receiver<()>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Held {
    fn new() -> (Sender<()>, Arc<Mutex<Vec<u8>>>, Self) {
        let (let_go, until) = channel();
        let written = Arc::<Mutex<Vec<u8>>>::default();
        (let_go, Arc::clone(&written), Self { until, written })
    }
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Whoever lets go drops the other end.
        let _ = self.until.recv();
        self.written.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn writing(queue: &Arc<Queue>, file: impl Write + Send + 'static) -> std::thread::JoinHandle<io::Result<()>> {
    let queue = Arc::clone(queue);
    std::thread::spawn(move || {
        let written = write(&queue, file);
        queue.written();
        written
    })
}

#[test]
fn a_slow_writer_makes_the_run_wait_and_loses_nothing() {
    const COUNT: usize = 20_000;
    let queue = Arc::new(Queue::new());
    let (let_go, written, file) = Held::new();
    let writer = writing(&queue, file);
    let (to_writer, full) = channel();
    let putting = {
        let queue = Arc::clone(&queue);
        std::thread::spawn(move || {
            for number in 0..COUNT {
                queue.put(ready(number)).unwrap();
                if number == 3000 {
                    to_writer.send(()).unwrap();
                }
            }
            queue.close()
        })
    };
    full.recv().unwrap();
    assert!(!putting.is_finished(), "more events than have room wait for the writer");
    drop(let_go);
    assert_eq!(putting.join().unwrap(), Closed::Written);
    writer.join().unwrap().unwrap();
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), COUNT);
    let last =
        format!(r#"{{"time":"1970-01-01T00:00:00.000Z","event":"node_ready","node":"{}"}}"#, COUNT - 1);
    assert_eq!(text.lines().last(), Some(last.as_str()));
}

#[test]
fn a_writer_that_hangs_is_given_up_and_that_is_told_once() {
    let queue = Arc::new(Queue::with_patience(Duration::from_millis(1)));
    let (_let_go, _written, file) = Held::new();
    let _writer = writing(&queue, file);
    let refused = (0..20_000).filter(|number| queue.put(ready(*number)) == Err(Unheard)).count();
    assert_eq!(refused, 1);
    assert_eq!(queue.close(), Closed::GivenUp);
}

#[test]
fn a_writer_that_hangs_at_the_end_is_not_waited_for_for_ever() {
    let queue = Arc::new(Queue::with_patience(Duration::from_millis(1)));
    let (_let_go, _written, file) = Held::new();
    let _writer = writing(&queue, file);
    queue.put(ready(0)).unwrap();
    assert_eq!(queue.close(), Closed::Unheard);
}

#[test]
fn a_writer_that_fails_holds_nothing_up() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let queue = Arc::new(Queue::new());
    let writer = writing(&queue, Full);
    for number in 0..20_000 {
        assert_eq!(queue.put(ready(number)), Ok(()));
    }
    assert_eq!(queue.close(), Closed::Written);
    assert_eq!(writer.join().unwrap().unwrap_err().kind(), io::ErrorKind::StorageFull);
}

#[test]
fn what_happens_is_in_the_file_soon_without_any_end() {
    let queue = Arc::new(Queue::new());
    let (let_go, written, file) = Held::new();
    drop(let_go);
    let writer = writing(&queue, file);
    queue.put(ready(0)).unwrap();
    let begun = std::time::Instant::now();
    while written.lock().unwrap().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is written");
        std::thread::yield_now();
    }
    assert_eq!(queue.close(), Closed::Written);
    writer.join().unwrap().unwrap();
}
