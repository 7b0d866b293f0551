//! What the sun gives in each hour, from its height and the clouds.
//!
//! Entry points: [`forecast`], [`delay`]. The waiting is the server's.

use std::time::Duration;

use crate::proto::{GridState, HourlyValue};

/// The share of light that a closed cover takes.
const CLOUD_LOSS: f64 = 0.75;
const LONGEST_DELAY_MS: u64 = 60_000;

/// Returns a generation in MW for each state, in their order.
///
/// Fails when there is no state, or the installed power is not a number from 0.
pub(crate) fn forecast(states: &[GridState], installed_mw: f64) -> Result<Vec<HourlyValue>, String> {
    if states.is_empty() {
        return Err("no grid states to forecast from".to_owned());
    }
    if !installed_mw.is_finite() || installed_mw < 0.0 {
        return Err(format!("installed_mw must be 0 or more, not {installed_mw}"));
    }
    let generation = |state: &GridState| {
        let height = state.sun_elevation_deg.to_radians().sin().max(0.0);
        let light = 1.0 - CLOUD_LOSS * state.cloud_cover.clamp(0.0, 1.0).powi(3);
        HourlyValue { hour: state.hour, value: installed_mw * height * light }
    };
    Ok(states.iter().map(generation).collect())
}

/// How long the forecast is to take; refuses less than nothing and more than a minute.
pub(crate) fn delay(delay_ms: i32) -> Result<Duration, String> {
    match u64::try_from(delay_ms) {
        Ok(milliseconds @ 0..=LONGEST_DELAY_MS) => Ok(Duration::from_millis(milliseconds)),
        _ => Err(format!("delay_ms must be from 0 to {LONGEST_DELAY_MS}, not {delay_ms}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generation(sun_elevation_deg: f64, cloud_cover: f64) -> f64 {
        let state = GridState { hour: 12, cloud_cover, sun_elevation_deg };
        let forecast = forecast(&[state], 1000.0).unwrap();
        assert_eq!(forecast[0].hour, 12);
        forecast[0].value
    }

    #[test]
    fn a_sun_overhead_in_a_clear_sky_gives_all_that_is_installed() {
        assert_eq!(generation(90.0, 0.0), 1000.0);
    }

    #[test]
    fn a_sun_below_the_horizon_gives_nothing() {
        assert_eq!(generation(-20.0, 0.0), 0.0);
    }

    #[test]
    fn clouds_take_some_but_not_all() {
        assert_eq!(generation(90.0, 1.0), 250.0);
        assert!(generation(90.0, 0.5) < 1000.0);
    }

    #[test]
    fn senseless_requests_are_refused() {
        assert_eq!(forecast(&[], 1.0).unwrap_err(), "no grid states to forecast from");
        let refused = forecast(&[GridState::default()], -1.0).unwrap_err();
        assert_eq!(refused, "installed_mw must be 0 or more, not -1");
        assert_eq!(delay(300), Ok(Duration::from_millis(300)));
        for wrong in [-1, 60_001] {
            assert_eq!(delay(wrong).unwrap_err(), format!("delay_ms must be from 0 to 60000, not {wrong}"));
        }
    }
}
