//! A room that is heated from within and cools through its walls.

use crate::proto::{RoomState, SimulateRequest};

/// What one degree more takes.
const CAPACITY_KWH_PER_C: f64 = 2.0;
/// What is lost for each degree that it is colder outside.
const LOSS_KW_PER_C: f64 = 0.2;
/// A step that is longer than a tenth of what the room needs to cool would be computed too coarsely.
const MAX_STEP_MINUTES: f64 = 60.0;

/// The room of one stream.
pub(crate) struct Room {
    outdoor_c: f64,
    step_hours: f64,
    tolerance_c: f64,
    tolerance_kw: f64,
    step: i64,
    temperature_c: f64,
    energy_kwh: f64,
    sent: Option<Sent>,
}

/// What was told last.
struct Sent {
    temperature_c: f64,
    heat_kw: f64,
}

impl Room {
    /// The room that the first request of a stream describes. Fails when there can be none such.
    pub(crate) fn new(request: &SimulateRequest) -> Result<Self, String> {
        let minutes = request.step_minutes;
        if !(minutes > 0.0 && minutes <= MAX_STEP_MINUTES) {
            return Err(format!(
                "step_minutes is {minutes}; it must be above 0 and at most {MAX_STEP_MINUTES}"
            ));
        }
        if !(request.start_c.is_finite() && request.outdoor_c.is_finite()) {
            return Err("start_c and outdoor_c must be finite".to_owned());
        }
        Ok(Self {
            outdoor_c: request.outdoor_c,
            step_hours: minutes / 60.0,
            tolerance_c: request.tolerance_c,
            tolerance_kw: request.tolerance_kw,
            step: 0,
            temperature_c: request.start_c,
            energy_kwh: 0.0,
            sent: None,
        })
    }

    /// Lets one step of time pass. Gives the state after it, or nothing when nothing has changed. Fails when the heat
    /// is none that a heater can give.
    pub(crate) fn heat(&mut self, heat_kw: f64) -> Result<Option<RoomState>, String> {
        if !(heat_kw.is_finite() && heat_kw >= 0.0) {
            return Err(format!("heat_kw is {heat_kw}; it must be 0 or more"));
        }
        let loss_kw = LOSS_KW_PER_C * (self.temperature_c - self.outdoor_c);
        self.temperature_c += self.step_hours * (heat_kw - loss_kw) / CAPACITY_KWH_PER_C;
        self.energy_kwh += self.step_hours * heat_kw;
        self.step += 1;
        if self.is_as_told(heat_kw) {
            return Ok(None);
        }
        self.sent = Some(Sent { temperature_c: self.temperature_c, heat_kw });
        Ok(Some(RoomState {
            step: Some(self.step),
            temperature_c: Some(self.temperature_c),
            heat_kw: Some(heat_kw),
            energy_kwh: Some(self.energy_kwh),
        }))
    }

    /// With the heat unchanged too: while it changes, a temperature that stands still is about to turn.
    fn is_as_told(&self, heat_kw: f64) -> bool {
        self.sent.as_ref().is_some_and(|sent| {
            (self.temperature_c - sent.temperature_c).abs() <= self.tolerance_c
                && (heat_kw - sent.heat_kw).abs() <= self.tolerance_kw
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> SimulateRequest {
        SimulateRequest {
            heat_kw: None,
            start_c: 16.0,
            outdoor_c: 6.0,
            step_minutes: 5.0,
            tolerance_c: 0.0005,
            tolerance_kw: 0.001,
        }
    }

    #[test]
    fn a_room_that_gets_what_it_loses_keeps_its_temperature_and_falls_silent() {
        let mut room = Room::new(&request()).unwrap();
        let state = room.heat(2.0).unwrap().unwrap();
        assert_eq!((state.step, state.temperature_c), (Some(1), Some(16.0)));
        assert_eq!(room.heat(2.0).unwrap(), None);
    }

    #[test]
    fn a_heated_room_comes_to_where_it_loses_as_much_and_falls_silent_there() {
        let mut room = Room::new(&request()).unwrap();
        let mut last = None;
        let steps = (0..10_000).take_while(|_| match room.heat(3.0).unwrap() {
            Some(state) => {
                last = state.temperature_c;
                true
            }
            None => false,
        });
        assert!(steps.count() < 1000);
        // 3 kW are lost at 15 degrees more than outside.
        assert!((last.unwrap() - 21.0).abs() < 0.1, "{last:?}");
    }

    #[test]
    fn a_change_of_the_heat_is_told_even_if_the_temperature_has_not_moved_yet() {
        let mut room = Room::new(&SimulateRequest { tolerance_c: 1.0, ..request() }).unwrap();
        assert!(room.heat(2.0).unwrap().is_some());
        assert!(room.heat(2.1).unwrap().is_some());
        assert!(room.heat(2.1).unwrap().is_none());
    }

    #[test]
    fn energy_is_heat_by_time_and_is_counted_in_silence_too() {
        let mut room = Room::new(&request()).unwrap();
        for _ in 0..11 {
            room.heat(2.0).unwrap();
        }
        let energy = room.heat(3.0).unwrap().unwrap().energy_kwh.unwrap();
        assert!((energy - 25.0 / 12.0).abs() < 1e-12, "{energy}");
    }

    #[test]
    fn what_no_room_and_no_heater_can_be_is_refused() {
        for step_minutes in [0.0, -1.0, 61.0, f64::NAN] {
            assert!(Room::new(&SimulateRequest { step_minutes, ..request() }).is_err(), "{step_minutes}");
        }
        assert!(Room::new(&SimulateRequest { outdoor_c: f64::INFINITY, ..request() }).is_err());
        for heat_kw in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(Room::new(&request()).unwrap().heat(heat_kw).is_err(), "{heat_kw}");
        }
    }
}
