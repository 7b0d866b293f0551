//! The load of each hour from its demand, growth and temperature.
//!
//! Entry point: [`forecast`].

use crate::proto::{GridState, HourlyValue};

/// Below this people heat, above it nobody does.
const HEATING_LIMIT_C: f64 = 15.0;
/// The share of demand that a degree below the limit adds.
const HEATING_PER_DEGREE: f64 = 0.008;

/// Returns a load in MW for each state, in their order.
///
/// Fails when there is no state, or the growth is not a number over -100.
pub(crate) fn forecast(states: &[GridState], growth_percent: f64) -> Result<Vec<HourlyValue>, String> {
    if states.is_empty() {
        return Err("no grid states to forecast from".to_owned());
    }
    if !growth_percent.is_finite() || growth_percent <= -100.0 {
        return Err(format!("growth_percent must be over -100, not {growth_percent}"));
    }
    let growth = 1.0 + growth_percent / 100.0;
    let load = |state: &GridState| {
        let degrees_below = (HEATING_LIMIT_C - state.temperature_c).max(0.0);
        let value = state.demand_mw * growth * (1.0 + HEATING_PER_DEGREE * degrees_below);
        HourlyValue { hour: state.hour, value }
    };
    Ok(states.iter().map(load).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(temperature_c: f64, growth_percent: f64) -> f64 {
        let state = GridState { hour: 7, temperature_c, demand_mw: 1000.0 };
        let forecast = forecast(&[state], growth_percent).unwrap();
        assert_eq!(forecast[0].hour, 7);
        forecast[0].value
    }

    #[test]
    fn growth_raises_the_load() {
        assert_eq!(load(20.0, 0.0), 1000.0);
        assert_eq!(load(20.0, 50.0), 1500.0);
    }

    #[test]
    fn only_cold_raises_the_load() {
        assert_eq!(load(30.0, 0.0), load(15.0, 0.0));
        assert!((load(5.0, 0.0) - 1080.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_to_forecast_from_and_a_senseless_growth_are_refused() {
        assert_eq!(forecast(&[], 1.0).unwrap_err(), "no grid states to forecast from");
        let refused = forecast(&[GridState::default()], -100.0).unwrap_err();
        assert_eq!(refused, "growth_percent must be over -100, not -100");
    }
}
