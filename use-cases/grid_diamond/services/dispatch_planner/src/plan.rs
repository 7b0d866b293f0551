//! Three forecasts to a plan: the sun first, then the own plants, then imports.
//!
//! Entry point: [`plan`]. The three need not come in the same order, but must speak of the same hours.

use std::collections::BTreeMap;

use crate::proto::{DispatchHour, HourlyValue, PlanDispatchRequest, PlanDispatchResponse, PlanSummary};

/// What a MWh from the neighbours costs, as a multiple of one from the own plants.
const IMPORT_PREMIUM: f64 = 1.6;

/// Plans each hour that the load forecast names.
///
/// Fails when there is none, when a forecast lacks an hour or has it twice or has one too many, when the status
/// is neither `draft` nor `final`, and when the capacity is not a number from 0.
pub(crate) fn plan(request: PlanDispatchRequest) -> Result<PlanDispatchResponse, String> {
    if !matches!(request.status.as_str(), "draft" | "final") {
        return Err(format!("status must be `draft` or `final`, not `{}`", request.status));
    }
    let capacity = request.thermal_capacity_mw;
    if !capacity.is_finite() || capacity < 0.0 {
        return Err(format!("thermal_capacity_mw must be 0 or more, not {capacity}"));
    }
    let load = by_hour("load_mw", &request.load_mw)?;
    let mut solar = by_hour("solar_mw", &request.solar_mw)?;
    let mut price = by_hour("price_eur_per_mwh", &request.price_eur_per_mwh)?;
    if load.is_empty() {
        return Err("load_mw is empty: there is nothing to plan".to_owned());
    }

    let mut hours = Vec::new();
    for (hour, load) in load {
        let solar = solar.remove(&hour).ok_or_else(|| format!("solar_mw lacks hour {hour}"))?;
        let price = price.remove(&hour).ok_or_else(|| format!("price_eur_per_mwh lacks hour {hour}"))?;
        hours.push(dispatch(hour, load, solar, price, capacity));
    }
    if let Some(hour) = solar.keys().chain(price.keys()).next() {
        return Err(format!("load_mw lacks hour {hour}"));
    }
    Ok(PlanDispatchResponse {
        success: true,
        message: format!("{} hours planned", hours.len()),
        date: request.date,
        status: request.status,
        summary: Some(summary(&hours)),
        hours,
    })
}

fn dispatch(hour: i32, load: f64, solar: f64, price: f64, capacity: f64) -> DispatchHour {
    let solar_used = solar.min(load);
    let thermal = (load - solar_used).min(capacity);
    let import = load - solar_used - thermal;
    DispatchHour {
        hour,
        load_mw: load,
        solar_mw: solar_used,
        curtailed_mw: solar - solar_used,
        thermal_mw: thermal,
        import_mw: import,
        cost_eur: (thermal + import * IMPORT_PREMIUM) * price,
    }
}

/// Each entry lasts an hour, so MW add up to MWh.
fn summary(hours: &[DispatchHour]) -> PlanSummary {
    let sum = |of: fn(&DispatchHour) -> f64| hours.iter().map(of).sum();
    PlanSummary {
        load_mwh: sum(|hour| hour.load_mw),
        solar_mwh: sum(|hour| hour.solar_mw),
        thermal_mwh: sum(|hour| hour.thermal_mw),
        import_mwh: sum(|hour| hour.import_mw),
        total_cost_eur: sum(|hour| hour.cost_eur),
    }
}

fn by_hour(field: &str, values: &[HourlyValue]) -> Result<BTreeMap<i32, f64>, String> {
    let mut by_hour = BTreeMap::new();
    for HourlyValue { hour, value } in values {
        if by_hour.insert(*hour, *value).is_some() {
            return Err(format!("{field} has hour {hour} twice"));
        }
    }
    Ok(by_hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(i32, f64)]) -> Vec<HourlyValue> {
        pairs.iter().map(|(hour, value)| HourlyValue { value: *value, hour: *hour }).collect()
    }

    fn request() -> PlanDispatchRequest {
        PlanDispatchRequest {
            date: "2026-06-21".into(),
            status: "draft".into(),
            load_mw: values(&[(0, 100.0), (1, 500.0), (2, 300.0)]),
            solar_mw: values(&[(1, 0.0), (0, 150.0), (2, 100.0)]),
            price_eur_per_mwh: values(&[(0, 10.0), (1, 20.0), (2, 30.0)]),
            thermal_capacity_mw: 400.0,
        }
    }

    #[test]
    fn the_sun_comes_first_then_the_own_plants_then_imports() {
        let plan = plan(request()).unwrap();
        let shown = |hour: &DispatchHour| {
            [hour.solar_mw, hour.curtailed_mw, hour.thermal_mw, hour.import_mw, hour.cost_eur]
        };
        let hours: Vec<[f64; 5]> = plan.hours.iter().map(shown).collect();
        assert_eq!(
            hours,
            [
                [100.0, 50.0, 0.0, 0.0, 0.0],
                [0.0, 0.0, 400.0, 100.0, 400.0 * 20.0 + 100.0 * 32.0],
                [100.0, 0.0, 200.0, 0.0, 6000.0],
            ]
        );
    }

    #[test]
    fn the_summary_adds_the_hours_up() {
        let summary = plan(request()).unwrap().summary.unwrap();
        let expected = PlanSummary {
            load_mwh: 900.0,
            solar_mwh: 200.0,
            thermal_mwh: 600.0,
            import_mwh: 100.0,
            total_cost_eur: 17_200.0,
        };
        assert_eq!(summary, expected);
    }

    fn refused(change: impl FnOnce(&mut PlanDispatchRequest)) -> String {
        let mut request = request();
        change(&mut request);
        plan(request).unwrap_err()
    }

    #[test]
    fn forecasts_that_do_not_match_are_refused_with_the_hour() {
        assert_eq!(refused(|it| it.solar_mw.truncate(2)), "solar_mw lacks hour 2");
        assert_eq!(refused(|it| it.price_eur_per_mwh.truncate(1)), "price_eur_per_mwh lacks hour 1");
        assert_eq!(refused(|it| it.load_mw.truncate(2)), "load_mw lacks hour 2");
        assert_eq!(refused(|it| it.load_mw[1].hour = 0), "load_mw has hour 0 twice");
        assert_eq!(refused(|it| it.load_mw.clear()), "load_mw is empty: there is nothing to plan");
    }

    #[test]
    fn senseless_parameters_are_refused() {
        let refusal = refused(|it| it.status = "sun and clouds".into());
        assert_eq!(refusal, "status must be `draft` or `final`, not `sun and clouds`");
        let refusal = refused(|it| it.thermal_capacity_mw = -1.0);
        assert_eq!(refusal, "thermal_capacity_mw must be 0 or more, not -1");
    }
}
