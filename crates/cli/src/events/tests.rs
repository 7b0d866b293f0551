//! Writers that are slow, that fail and that hang.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use aieffect_orchestrator::store::StoredEvent;

use super::queue::{Happened, Queue};
use super::{Delivered, PIECE, write};

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

fn writing(queue: &Arc<Queue>, file: impl Write + Send + 'static) -> JoinHandle<io::Result<()>> {
    let queue = Arc::clone(queue);
    std::thread::spawn(move || {
        let written = write(&queue, file, &Delivered::default());
        queue.written();
        written
    })
}

#[test]
fn a_writer_that_hangs_holds_nothing_up_and_nothing_is_lost() {
    const COUNT: usize = 50_000;
    let queue = Arc::new(Queue::new());
    let (let_go, written, file) = Held::new();
    let writer = writing(&queue, file);
    // On this very thread: were one of them to wait for the writer, it would wait for ever.
    for number in 0..COUNT {
        queue.put(ready(number)).unwrap();
    }
    assert_eq!(queue.close(), COUNT as u64);
    drop(let_go);
    writer.join().unwrap().unwrap();
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), COUNT);
    for (number, line) in text.lines().enumerate() {
        let expected =
            format!(r#"{{"time":"1970-01-01T00:00:00.000Z","event":"node_ready","node":"{number}"}}"#);
        assert_eq!(line, expected);
    }
}

#[test]
fn what_is_written_at_once_ends_with_a_line() {
    struct Pieces(Arc<Mutex<Vec<Vec<u8>>>>);
    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (queue, pieces) = (Arc::new(Queue::new()), Arc::default());
    for number in 0..50_000 {
        queue.put(ready(number)).unwrap();
    }
    queue.close();
    writing(&queue, Pieces(Arc::clone(&pieces))).join().unwrap().unwrap();
    let pieces = pieces.lock().unwrap();
    assert!(pieces.iter().all(|piece| piece.len() <= PIECE && piece.ends_with(b"\n")));
    assert_eq!(pieces.concat().iter().filter(|byte| **byte == b'\n').count(), 50_000);
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
        queue.put(ready(number)).unwrap();
    }
    queue.close();
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
    queue.close();
    writer.join().unwrap().unwrap();
}
