//! Numbers as JSON writes them, compared as what they are.
//!
//! The validator knows numbers as 64-bit integers and floats: `100.00000000000000000001` would be at most 100, and
//! two ids of twenty digits one value. Payloads are exact, so the keywords that look at numbers are our own.

use std::cmp::Ordering;
use std::collections::HashSet;

use jsonschema::{Keyword, ValidationError, ValidationOptions, paths::Location};
use serde_json::{Map, Number, Value};

/// Most digits of a `multipleOf`.
const MAX_DIVISOR_DIGITS: usize = 18;

type Made<'a> = Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>>;

/// Has the validator ask these instead of its own.
pub(super) fn with_exact_numbers(options: ValidationOptions<'_>) -> ValidationOptions<'_> {
    options
        .with_keyword("type", types)
        .with_keyword("const", |_, value, _| boxed(Const(value.clone())))
        .with_keyword("enum", |_, value, _| boxed(Enum::of(value)))
        .with_keyword("uniqueItems", |_, value, _| boxed(Unique(value == &Value::Bool(true))))
        .with_keyword("multipleOf", multiple_of)
        .with_keyword("minimum", |_, value, _| {
            limit(value, "less than the minimum of", |order| order != Ordering::Less)
        })
        .with_keyword("maximum", |_, value, _| {
            limit(value, "greater than the maximum of", |order| order != Ordering::Greater)
        })
        .with_keyword("exclusiveMinimum", |_, value, _| {
            limit(value, "less than or equal to the minimum of", |order| order == Ordering::Greater)
        })
        .with_keyword("exclusiveMaximum", |_, value, _| {
            limit(value, "greater than or equal to the maximum of", |order| order == Ordering::Less)
        })
}

fn boxed<'a>(keyword: impl for<'i> Keyword<'i> + 'static) -> Made<'a> {
    Ok(Box::new(keyword))
}

/// A number: its digits, without zeros at either end, times a power of ten. Zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(number: &Number) -> Self {
        let text = number.as_str();
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let short = all.trim_end_matches('0');
        let digits = short.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        let beyond = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
        let exponent = exponent
            .parse::<i64>()
            .unwrap_or(beyond)
            .saturating_sub(fraction.len() as i64)
            .saturating_add((all.len() - short.len()) as i64);
        Self { negative, digits, exponent }
    }

    fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    fn is_multiple_of(&self, divisor: &Self) -> bool {
        if self.digits.is_empty() {
            return true;
        }
        // Its last digit is no zero, so that no further power of ten divides it.
        let Ok(mut power) = u64::try_from(self.exponent.saturating_sub(divisor.exponent)) else {
            return false;
        };
        let Ok(modulus) = divisor.digits.parse::<u128>() else { return false };
        let digit = |rest: u128, digit: u8| (rest * 10 + u128::from(digit - b'0')) % modulus;
        let mut rest = self.digits.bytes().fold(0, digit);
        let mut factor = 10 % modulus;
        while power > 0 {
            if power & 1 == 1 {
                rest = rest * factor % modulus;
            }
            factor = factor * factor % modulus;
            power >>= 1;
        }
        rest == 0
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, negative) => {
                if negative {
                    -1
                } else {
                    1
                }
            }
        };
        let magnitude = |number: &Self| number.exponent.saturating_add(number.digits.len() as i64);
        sign(self).cmp(&sign(other)).then_with(|| {
            let order =
                magnitude(self).cmp(&magnitude(other)).then_with(|| self.digits.cmp(&other.digits));
            if self.negative { order.reverse() } else { order }
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn compare(one: &Number, other: &Number) -> Ordering {
    match (one.as_i64(), other.as_i64()) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => Decimal::of(one).cmp(&Decimal::of(other)),
    }
}

fn is_integer(number: &Number) -> bool {
    number.as_i64().is_some() || Decimal::of(number).is_integer()
}

/// Whether two values are equal as JSON has it: numbers by value, members in any order.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare(one, other) == Ordering::Equal,
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, one)| other.get(name).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}

/// A text that equal values share, and no others.
fn written(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Number(number) => {
            let Decimal { negative, digits, exponent } = Decimal::of(number);
            out.push_str(if negative { "-" } else { "" });
            out.push_str(&format!("{digits}e{exponent}"));
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_unstable();
            out.push('{');
            for name in names {
                out.push_str(&Value::from(name.as_str()).to_string());
                write(&members[name], out);
                out.push(',');
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// Implements a keyword by whether a value is valid, and what is said of one that is not.
macro_rules! keyword {
    ($name:ty, $valid:expr, $problem:expr) => {
        impl<'i> Keyword<'i> for $name {
            fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
                if self.is_valid(value) {
                    Ok(())
                } else {
                    Err(ValidationError::custom($problem(self)))
                }
            }

            fn is_valid(&self, value: &'i Value) -> bool {
                $valid(self, value)
            }
        }
    };
}

struct Types(Vec<String>);

keyword!(
    Types,
    |this: &Types, value: &Value| this.0.iter().any(|name| match name.as_str() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_number().is_some_and(is_integer),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }),
    |this: &Types| match this.0.as_slice() {
        [only] => format!("the value is not of type \"{only}\""),
        several => format!("the value is not of types \"{}\"", several.join("\", \"")),
    }
);

fn types<'a>(_: &'a Map<String, Value>, value: &'a Value, _: Location) -> Made<'a> {
    let name = |value: &Value| value.as_str().map(str::to_owned);
    boxed(Types(match value {
        Value::Array(names) => names.iter().filter_map(name).collect(),
        other => name(other).into_iter().collect(),
    }))
}

struct Const(Value);

keyword!(Const, |this: &Const, value: &Value| same(&this.0, value), |this: &Const| format!(
    "{} was expected",
    this.0
));

/// The values as they are written; texts as they are.
struct Enum {
    texts: HashSet<String>,
    others: HashSet<String>,
    all: String,
}

impl Enum {
    fn of(value: &Value) -> Self {
        let values = value.as_array().map_or(&[][..], Vec::as_slice);
        let rest = if values.len() > 3 { ", ..." } else { "" };
        Self {
            texts: values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            others: values.iter().filter(|value| !value.is_string()).map(written).collect(),
            all: values.iter().take(3).map(Value::to_string).collect::<Vec<_>>().join(", ") + rest,
        }
    }
}

keyword!(
    Enum,
    |this: &Enum, value: &Value| match value {
        Value::String(text) => this.texts.contains(text),
        other => !this.others.is_empty() && this.others.contains(&written(other)),
    },
    |this: &Enum| format!("the value is not one of {}", this.all)
);

struct Unique(bool);

keyword!(
    Unique,
    |this: &Unique, value: &Value| {
        let mut seen = HashSet::new();
        let mut is_new = |item| seen.insert(written(item));
        !this.0 || value.as_array().is_none_or(|items| items.iter().all(&mut is_new))
    },
    |_: &Unique| "the value has non-unique elements".to_owned()
);

struct Limit {
    limit: Number,
    problem: &'static str,
    fits: fn(Ordering) -> bool,
}

keyword!(
    Limit,
    |this: &Limit, value: &Value| value
        .as_number()
        .is_none_or(|number| (this.fits)(compare(number, &this.limit))),
    |this: &Limit| format!("the value is {} {}", this.problem, this.limit)
);

fn limit<'a>(value: &Value, problem: &'static str, fits: fn(Ordering) -> bool) -> Made<'a> {
    let number = value.as_number().ok_or_else(|| ValidationError::custom("a limit is a number"))?;
    boxed(Limit { limit: number.clone(), problem, fits })
}

struct MultipleOf(Decimal, String);

keyword!(
    MultipleOf,
    |this: &MultipleOf, value: &Value| value
        .as_number()
        .is_none_or(|number| Decimal::of(number).is_multiple_of(&this.0)),
    |this: &MultipleOf| format!("the value is not a multiple of {}", this.1)
);

fn multiple_of<'a>(_: &'a Map<String, Value>, value: &'a Value, _: Location) -> Made<'a> {
    let divisor = value.as_number().map(Decimal::of).filter(|divisor| {
        !divisor.negative && (1..=MAX_DIVISOR_DIGITS).contains(&divisor.digits.len())
    });
    let divisor = divisor.ok_or_else(|| {
        ValidationError::custom(format!(
            "multipleOf is a number above 0 of at most {MAX_DIVISOR_DIGITS} digits"
        ))
    })?;
    boxed(MultipleOf(divisor, value.to_string()))
}
