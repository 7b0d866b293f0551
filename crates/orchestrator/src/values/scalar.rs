//! One JSON value as one value of a scalar or enum type.

use aieffect_blueprint::near_match;
use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use prost_reflect::{EnumDescriptor, Kind, MapKey, Syntax, Value as Proto};
use serde_json::Value;

/// Why a value is none of its type.
pub(super) enum Misfit {
    /// Of another type.
    Type,
    /// A number beyond what the type holds, with what it does hold.
    Range(String),
    /// No value of the enum, with a near match.
    Enum(Option<String>),
}

/// Reads a value of any kind but a message.
pub(super) fn read(kind: &Kind, value: &Value) -> Result<Proto, Misfit> {
    match kind {
        Kind::Bool => value.as_bool().map(Proto::Bool).ok_or(Misfit::Type),
        Kind::String => value.as_str().map(|text| Proto::String(text.to_owned())).ok_or(Misfit::Type),
        Kind::Bytes => base64(value).map(|bytes| Proto::Bytes(bytes.into())),
        Kind::Double => double(value).map(Proto::F64),
        Kind::Float => float(value).map(Proto::F32),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => integer(value).map(Proto::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => integer(value).map(Proto::I64),
        Kind::Uint32 | Kind::Fixed32 => integer(value).map(Proto::U32),
        Kind::Uint64 | Kind::Fixed64 => integer(value).map(Proto::U64),
        Kind::Enum(descriptor) => enumerated(descriptor, value).map(Proto::EnumNumber),
        Kind::Message(_) => Err(Misfit::Type),
    }
}

/// Reads a map's key, which JSON always writes as a string.
pub(super) fn read_key(kind: &Kind, key: &str) -> Result<MapKey, Misfit> {
    let value = match (kind, key) {
        (Kind::Bool, "true") => Value::Bool(true),
        (Kind::Bool, "false") => Value::Bool(false),
        _ => Value::String(key.to_owned()),
    };
    read(kind, &value)?.into_map_key().ok_or(Misfit::Type)
}

fn base64(value: &Value) -> Result<Vec<u8>, Misfit> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let text = value.as_str().ok_or(Misfit::Type)?;
    let standard = text.replace('-', "+").replace('_', "/");
    LENIENT.decode(standard).map_err(|_| Misfit::Type)
}

/// A bounded integer type.
trait Integer: TryFrom<i128> {
    const RANGE: (i128, i128);
}

macro_rules! integers {
    ($($type:ty),+) => {
        $(impl Integer for $type {
            const RANGE: (i128, i128) = (<$type>::MIN as i128, <$type>::MAX as i128);
        })+
    };
}

integers!(i32, i64, u32, u64);

fn integer<T: Integer>(value: &Value) -> Result<T, Misfit> {
    let whole = match value {
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => i128::from(number),
            (None, Some(number)) => i128::from(number),
            (None, None) => number.as_f64().and_then(whole).ok_or(Misfit::Type)?,
        },
        Value::String(text) => match text.parse::<i128>() {
            Ok(number) => number,
            Err(_) => decimal(text).and_then(whole).ok_or(Misfit::Type)?,
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(Misfit::Type),
    };
    let (least, most) = T::RANGE;
    T::try_from(whole).map_err(|_| Misfit::Range(format!("it holds {least} to {most}")))
}

/// A float that is an integer; saturates, which leaves it out of every range.
fn whole(number: f64) -> Option<i128> {
    (number.fract() == 0.0).then_some(number as i128)
}

/// A decimal number without the words for infinities and NaN that Rust takes.
fn decimal(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|_| plain)
}

fn double(value: &Value) -> Result<f64, Misfit> {
    let too_large = || Misfit::Range(format!("it holds -{0:e} to {0:e}", f64::MAX));
    match value {
        Value::Number(number) => number.as_f64().ok_or(Misfit::Type),
        Value::String(text) => match special(text) {
            Some(number) => Ok(number),
            None => {
                let number = decimal(text).ok_or(Misfit::Type)?;
                if number.is_finite() { Ok(number) } else { Err(too_large()) }
            }
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(Misfit::Type),
    }
}

fn float(value: &Value) -> Result<f32, Misfit> {
    let wide = double(value)?;
    let narrow = wide as f32;
    if wide.is_finite() && !narrow.is_finite() {
        return Err(Misfit::Range(format!("it holds -{0:e} to {0:e}", f32::MAX)));
    }
    Ok(narrow)
}

fn special(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// By name, or by number; a number without a name only where the enum is open (proto3).
fn enumerated(descriptor: &EnumDescriptor, value: &Value) -> Result<i32, Misfit> {
    if let Some(known) = value.as_str().and_then(|name| descriptor.get_value_by_name(name)) {
        return Ok(known.number());
    }
    let number = match integer::<i32>(value) {
        Ok(number) => number,
        Err(Misfit::Type) => {
            let Some(name) = value.as_str() else { return Err(Misfit::Type) };
            let names: Vec<_> = descriptor.values().map(|known| known.name().to_owned()).collect();
            return Err(Misfit::Enum(near_match(name, "values", names.iter().map(String::as_str))));
        }
        Err(misfit) => return Err(misfit),
    };
    let closed = descriptor.parent_file().syntax() == Syntax::Proto2;
    if closed && descriptor.get_value(number).is_none() {
        let known: Vec<_> =
            descriptor.values().map(|known| format!("{} = {}", known.name(), known.number())).collect();
        return Err(Misfit::Enum(near_match("", "values", known.iter().map(String::as_str))));
    }
    Ok(number)
}
