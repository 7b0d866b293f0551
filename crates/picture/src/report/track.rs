//! What is drawn of a step's calls: each as a bar, or, where there are too many, how busy the step was: [`Track`].

use std::time::Duration;

/// As many calls of one step are remembered one by one.
pub(super) const MOST_BARS: usize = 120;
/// A time is divided into so many bins at most.
const BINS: usize = 200;
const NARROWEST: u64 = 100_000;
/// As many calls of one step are drawn beside each other.
const MOST_LANES: u8 = 4;

/// One attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    pub(super) begin: Duration,
    pub(super) end: Duration,
    pub(super) seq: u64,
    pub(super) attempt: u32,
    pub(super) lane: u8,
    pub(super) kind: BarKind,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BarKind {
    /// It ended well.
    Answered,
    /// It failed, and was made again.
    Repeated,
    /// It failed.
    Failed,
    /// It was given up, or had not ended with the run.
    Cut,
    /// A stored result stands in its place.
    Reused,
}

/// The calls of a step over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Track {
    bars: Vec<Bar>,
    bins: Option<Box<Bins>>,
    lanes: Lanes,
}

/// How busy a step was, by time: bins of one width, which doubles when the time grows over them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bins {
    /// Nanoseconds.
    width: u64,
    /// Time in calls, all that ran side by side together.
    busy: Vec<f32>,
    failed: Vec<u32>,
}

/// Which places of a row are taken by calls that are open.
#[derive(Debug, Clone, PartialEq, Default)]
struct Lanes {
    open: u8,
    most: u8,
}

impl Track {
    /// A place for a call that begins. Those for which none is left share the last one.
    pub(super) fn enter(&mut self) -> u8 {
        let lane = (self.lanes.open.trailing_ones() as u8).min(MOST_LANES - 1);
        self.lanes.open |= 1 << lane;
        self.lanes.most = self.lanes.most.max(lane + 1);
        lane
    }

    /// The call has ended.
    pub(super) fn leave(&mut self, lane: u8) {
        self.lanes.open &= !(1 << lane);
    }

    /// Takes a call in, and gives how many bars are held now more than before; `room` is for how many more there is.
    pub(super) fn add(&mut self, bar: Bar, room: usize) -> isize {
        if let Some(bins) = &mut self.bins {
            bins.add(&bar);
            return 0;
        }
        if self.bars.len() < MOST_BARS && room > 0 {
            self.bars.push(bar);
            return 1;
        }
        let held = self.bars.len() as isize;
        let mut bins = Bins::of(&self.bars);
        bins.add(&bar);
        self.bins = Some(Box::new(bins));
        self.bars = Vec::new();
        -held
    }

    /// The calls one by one; empty where only bins are left of them.
    pub(super) fn bars(&self) -> &[Bar] {
        &self.bars
    }

    /// How busy it was.
    pub(super) fn bins(&self) -> Bins {
        self.bins.as_deref().cloned().unwrap_or_else(|| Bins::of(&self.bars))
    }

    /// Whether every call is there as a bar.
    pub(super) fn is_single(&self) -> bool {
        self.bins.is_none()
    }

    /// How many rows calls beside each other take.
    pub(super) fn lanes(&self) -> u8 {
        self.lanes.most.max(1)
    }
}

impl Default for Bins {
    fn default() -> Self {
        Self { width: NARROWEST, busy: Vec::new(), failed: Vec::new() }
    }
}

impl Bins {
    fn of(bars: &[Bar]) -> Self {
        let mut bins = Self::default();
        bars.iter().for_each(|bar| bins.add(bar));
        bins
    }

    pub(super) fn add(&mut self, bar: &Bar) {
        if bar.kind == BarKind::Reused {
            return;
        }
        let [begin, end] = [bar.begin, bar.end].map(|time| time.as_nanos() as u64);
        while end / self.width >= BINS as u64 {
            self.widen();
        }
        let last = (end / self.width) as usize;
        if last >= self.busy.len() {
            self.busy.resize(last + 1, 0.0);
            self.failed.resize(last + 1, 0);
        }
        for place in (begin / self.width) as usize..=last {
            let from = place as u64 * self.width;
            let inside = end.min(from + self.width).saturating_sub(begin.max(from));
            self.busy[place] += inside as f32;
        }
        if matches!(bar.kind, BarKind::Failed | BarKind::Repeated) {
            self.failed[last] += 1;
        }
    }

    fn widen(&mut self) {
        self.busy = self.busy.chunks(2).map(|pair| pair.iter().sum()).collect();
        self.failed = self.failed.chunks(2).map(|pair| pair.iter().sum()).collect();
        self.width *= 2;
    }

    pub(super) fn width(&self) -> Duration {
        Duration::from_nanos(self.width)
    }

    /// How many calls ran at once in each bin, on average.
    pub(super) fn at_once(&self) -> impl Iterator<Item = f32> {
        self.busy.iter().map(|busy| busy / self.width as f32)
    }

    /// How many attempts failed in each bin.
    pub(super) fn failed(&self) -> &[u32] {
        &self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(begin: u64, end: u64, kind: BarKind) -> Bar {
        let [begin, end] = [begin, end].map(Duration::from_millis);
        Bar { begin, end, seq: 0, attempt: 1, lane: 0, kind }
    }

    #[test]
    fn beyond_the_most_bars_only_bins_are_held() {
        let mut track = Track::default();
        let held: isize = (0..1_000_000).map(|nth| track.add(bar(nth, nth + 1, BarKind::Answered), 1)).sum();
        assert_eq!((held, track.bars().len(), track.is_single()), (0, 0, false));
        let bins = track.bins();
        assert!(bins.busy.len() <= BINS && bins.busy.len() > BINS / 2 - 1, "{}", bins.busy.len());
        assert!(bins.at_once().take(50).all(|at_once| (at_once - 1.0).abs() < 0.02));
    }

    #[test]
    fn bins_know_where_a_step_was_idle_and_where_it_failed() {
        let bars =
            [bar(0, 10, BarKind::Answered), bar(0, 10, BarKind::Answered), bar(30, 40, BarKind::Failed)];
        let bins = Bins::of(&bars);
        let per_ms = |at: u64| (at * 1_000_000 / bins.width) as usize;
        let at_once: Vec<f32> = bins.at_once().collect();
        assert_eq!([at_once[per_ms(5)], at_once[per_ms(20)], at_once[per_ms(35)]], [2.0, 0.0, 1.0]);
        assert_eq!(bins.failed().iter().sum::<u32>(), 1);
        assert_eq!(bins.failed()[per_ms(40)], 1);
    }

    #[test]
    fn calls_side_by_side_have_lanes() {
        let mut track = Track::default();
        let lanes: Vec<u8> = (0..6).map(|_| track.enter()).collect();
        assert_eq!(lanes, [0, 1, 2, 3, 3, 3]);
        track.leave(1);
        assert_eq!((track.enter(), track.lanes()), (1, 4));
    }
}
