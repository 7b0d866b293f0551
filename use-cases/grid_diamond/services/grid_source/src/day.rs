//! A made-up day of a small grid: the same date always gives the same states.
//!
//! Entry point: [`states`]. No clock, no weather service.

use std::f64::consts::TAU;

use crate::proto::GridState;

/// Noon's height of the sun at the equinoxes, and what the seasons add or take, for 52 degrees north.
const EQUINOX_NOON_DEG: f64 = 38.0;
const SEASON_DEG: f64 = 23.4;

/// Returns the 24 hours of a day, in order.
///
/// Fails when `date` is no date such as `2026-06-21`.
pub(crate) fn states(date: &str) -> Result<Vec<GridState>, String> {
    let (month, day) =
        month_and_day(date).ok_or_else(|| format!("date must be a day such as 2026-06-21, not `{date}`"))?;
    // 1 at midsummer, -1 at midwinter.
    let season = ((f64::from(month - 1) * 30.4 + f64::from(day) - 172.0) / 365.0 * TAU).cos();
    Ok((0..24).map(|hour| state(hour, season)).collect())
}

fn state(hour: i32, season: f64) -> GridState {
    let clock = f64::from(hour);
    // 1 at the hour named, -1 twelve hours off.
    let around = |peak: f64| ((clock - peak) / 24.0 * TAU).cos();
    let noon_deg = EQUINOX_NOON_DEG + SEASON_DEG * season;
    GridState {
        hour,
        // Most in the afternoon, with a crest at eight in the morning and in the evening.
        demand_mw: 4200.0 + 800.0 * around(16.0) + 250.0 * ((clock - 8.0) / 12.0 * TAU).cos()
            - 300.0 * season,
        temperature_c: 10.0 + 7.0 * season + 4.0 * around(15.0),
        cloud_cover: 0.4 - 0.2 * season + 0.3 * (clock / 9.0 * TAU).sin().powi(2),
        sun_elevation_deg: noon_deg - 52.0 * (1.0 - around(12.5)) / 1.2,
        gas_price_eur: 32.0 - 4.0 * season + 3.0 * around(18.0),
    }
}

/// Month and day of `YYYY-MM-DD`; none when there is no such day.
fn month_and_day(date: &str) -> Option<(u32, u32)> {
    let well_formed = date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !well_formed {
        return None;
    }
    let number = |from, to| date.get(from..to)?.parse::<u32>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=days).contains(&day).then_some((month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_24_hours_in_order() {
        let hours: Vec<i32> = states("2026-06-21").unwrap().iter().map(|state| state.hour).collect();
        assert_eq!(hours, (0..24).collect::<Vec<_>>());
    }

    #[test]
    fn the_sun_shines_longer_in_summer_than_in_winter_and_never_at_midnight() {
        let daylight = |date| {
            let states = states(date).unwrap();
            assert!(states[0].sun_elevation_deg < 0.0, "{date}");
            states.iter().filter(|state| state.sun_elevation_deg > 0.0).count()
        };
        let (summer, winter) = (daylight("2026-06-21"), daylight("2026-12-21"));
        assert!(winter >= 4 && summer >= winter + 4, "{summer} hours in summer, {winter} in winter");
    }

    #[test]
    fn every_state_is_one_that_a_grid_can_have() {
        for date in ["2026-01-01", "2026-04-10", "2026-07-15", "2026-12-31"] {
            for state in states(date).unwrap() {
                assert!((0.0..=1.0).contains(&state.cloud_cover), "{state:?}");
                assert!(state.demand_mw > 2000.0 && state.gas_price_eur > 0.0, "{state:?}");
            }
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for date in
            ["", "today", "2026-6-21", "2026-13-01", "2026-02-29", "2100-02-29", "2026-06-00", "2026/06/21"]
        {
            assert!(states(date).unwrap_err().contains(&format!("`{date}`")), "{date}");
        }
        assert!(states("2028-02-29").is_ok());
    }
}
