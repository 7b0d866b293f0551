//! The price of each hour from fuel, carbon and how tight the hour is.
//!
//! Entry point: [`forecast`].

use crate::proto::{GridState, HourlyValue};

/// Gas into power, of a usual plant.
const PLANT_EFFICIENCY: f64 = 0.55;
/// Tonnes of CO2 for one MWh of power.
const CARBON_INTENSITY: f64 = 0.37;

/// Returns a price in EUR per MWh for each hour, in their order; the day's peak costs a half more than fuel and
/// carbon alone.
///
/// Fails when there is no hour, or the price of carbon is not a number from 0.
pub(crate) fn forecast(hours: &[GridState], carbon_price_eur: f64) -> Result<Vec<HourlyValue>, String> {
    if !carbon_price_eur.is_finite() || carbon_price_eur < 0.0 {
        return Err(format!("carbon_price_eur must be 0 or more, not {carbon_price_eur}"));
    }
    let peak = hours
        .iter()
        .map(|state| state.demand_mw)
        .reduce(f64::max)
        .ok_or("no grid states to forecast from")?;
    let price = |state: &GridState| {
        let cost = state.gas_price_eur / PLANT_EFFICIENCY + carbon_price_eur * CARBON_INTENSITY;
        let tightness = if peak > 0.0 { (state.demand_mw / peak).powi(4) } else { 0.0 };
        HourlyValue { hour: state.hour, value: cost * (1.0 + 0.5 * tightness) }
    };
    Ok(hours.iter().map(price).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: i32, demand_mw: f64) -> GridState {
        GridState { hour, gas_price_eur: 55.0, demand_mw }
    }

    #[test]
    fn the_peak_costs_a_half_more_and_an_empty_hour_nothing_more() {
        let prices = forecast(&[hour(0, 0.0), hour(1, 500.0)], 0.0).unwrap();
        assert_eq!(prices.iter().map(|price| price.hour).collect::<Vec<_>>(), [0, 1]);
        assert!((prices[0].value - 100.0).abs() < 1e-9, "{}", prices[0].value);
        assert!((prices[1].value - 150.0).abs() < 1e-9, "{}", prices[1].value);
    }

    #[test]
    fn carbon_raises_the_price() {
        let price = |carbon| forecast(&[hour(0, 0.0)], carbon).unwrap()[0].value;
        assert!((price(100.0) - price(0.0) - 37.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_to_forecast_from_and_a_senseless_price_are_refused() {
        assert_eq!(forecast(&[], 1.0).unwrap_err(), "no grid states to forecast from");
        assert_eq!(
            forecast(&[hour(0, 1.0)], -1.0).unwrap_err(),
            "carbon_price_eur must be 0 or more, not -1"
        );
    }
}
