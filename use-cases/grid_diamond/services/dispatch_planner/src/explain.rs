//! A plan in words.
//!
//! Entry point: [`explain`].

use crate::proto::{DispatchHour, ExplainPlanRequest, ExplainPlanResponse};

/// Says what a plan comes to, and which hours are worth a look.
///
/// Fails when the plan has no hours.
pub(crate) fn explain(request: &ExplainPlanRequest) -> Result<ExplainPlanResponse, String> {
    let hours = &request.hours;
    let dearest = hours
        .iter()
        .max_by(|one, other| one.cost_eur.total_cmp(&other.cost_eur))
        .ok_or("the plan has no hours to explain")?;
    let load: f64 = hours.iter().map(|hour| hour.load_mw).sum();
    let solar: f64 = hours.iter().map(|hour| hour.solar_mw).sum();
    let share = if load > 0.0 { solar / load * 100.0 } else { 0.0 };

    let mut notes = vec![format!("hour {} is the dearest: {:.0} EUR", dearest.hour, dearest.cost_eur)];
    notes.extend(hours.iter().filter_map(note));
    Ok(ExplainPlanResponse {
        success: true,
        message: format!("{} notes", notes.len()),
        explanation: format!(
            "{} plan for {}: {load:.0} MWh over {} hours for {:.0} EUR, {share:.1} % of it from the sun",
            request.status,
            request.date,
            hours.len(),
            request.cost_eur
        ),
        notes,
    })
}

fn note(hour: &DispatchHour) -> Option<String> {
    match hour {
        DispatchHour { hour, import_mw, .. } if *import_mw > 0.0 => {
            Some(format!("hour {hour} needs {import_mw:.0} MW from the neighbours"))
        }
        DispatchHour { hour, curtailed_mw, .. } if *curtailed_mw > 0.0 => {
            Some(format!("hour {hour} has {curtailed_mw:.0} MW more sun than load"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_summed_up_and_its_odd_hours_are_noted() {
        let hour = |hour, solar_mw, curtailed_mw, import_mw, cost_eur| DispatchHour {
            hour,
            load_mw: 100.0,
            solar_mw,
            curtailed_mw,
            thermal_mw: 0.0,
            import_mw,
            cost_eur,
        };
        let explained = explain(&ExplainPlanRequest {
            date: "2026-06-21".into(),
            status: "draft".into(),
            hours: vec![
                hour(0, 10.0, 0.0, 0.0, 5.0),
                hour(1, 50.0, 0.0, 50.0, 900.0),
                hour(2, 100.0, 20.0, 0.0, 0.0),
            ],
            cost_eur: 905.0,
        })
        .unwrap();
        assert_eq!(
            explained.explanation,
            "draft plan for 2026-06-21: 300 MWh over 3 hours for 905 EUR, 53.3 % of it from the sun"
        );
        assert_eq!(
            explained.notes,
            [
                "hour 1 is the dearest: 900 EUR",
                "hour 1 needs 50 MW from the neighbours",
                "hour 2 has 20 MW more sun than load",
            ]
        );
    }

    #[test]
    fn a_plan_without_hours_is_refused() {
        let refused = explain(&ExplainPlanRequest::default()).unwrap_err();
        assert_eq!(refused, "the plan has no hours to explain");
    }
}
