//! What the tests of the whole binary share: [`UseCase`] and [`Package`] write what is run, [`Aieffect`] runs
//! it, [`Ended`] is what came of it; in a [`Screen`] it runs before somebody's eyes.
#![allow(dead_code, unused_imports, reason = "no test file needs all of it")]

mod aieffect;
mod copied;
pub(crate) mod described;
mod ended;
mod family;
mod package;
mod protos;
pub(crate) mod scraped;
mod screen;
pub(crate) mod serving;
pub(crate) mod step;
mod use_case;

pub(crate) use aieffect::{Aieffect, Running};
pub(crate) use copied::{Copied, copy};
pub(crate) use ended::Ended;
pub(crate) use package::{Package, chain};
pub(crate) use protos::step_proto;
pub(crate) use scraped::Scraped;
pub(crate) use screen::Screen;
pub(crate) use serving::{Serving, documents};
pub(crate) use use_case::{Service, UseCase, link};
