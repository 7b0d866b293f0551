//! `aieffect explain`: the pages of findings, which are part of the binary.

use aieffect_blueprint::Code;

use crate::arguments::{Explain, Format};
use crate::exit::{Exit, Failure};
use crate::terminal;

pub(crate) fn run(options: &Explain) -> Result<Exit, Failure> {
    let text = match &options.code {
        None => list(options.format),
        Some(code) => page(code, options.format)?,
    };
    terminal::print(&text).map_err(|error| Failure::new(Exit::Internal, error))?;
    Ok(Exit::Done)
}

fn list(format: Format) -> String {
    match format {
        Format::Human => Code::ALL.iter().map(|code| format!("{code}  {}\n", code.title())).collect(),
        Format::Json => {
            let codes: Vec<_> = Code::ALL
                .iter()
                .map(|code| serde_json::json!({"code": code.as_str(), "title": code.title()}))
                .collect();
            format!("{:#}\n", serde_json::Value::from(codes))
        }
    }
}

fn page(code: &str, format: Format) -> Result<String, Failure> {
    let code: Code = code.parse().map_err(|error| {
        Failure::new(Exit::WrongUsage, anyhow::Error::new(error)).help("`aieffect explain` lists all codes")
    })?;
    let page = crate::pages::page(code);
    Ok(match format {
        Format::Human => page.to_owned(),
        Format::Json => {
            format!("{:#}\n", serde_json::json!({"code": code.as_str(), "title": code.title(), "page": page}))
        }
    })
}
