//! Secrets in memory: a value that goes where it is needed and shows itself to nobody on the way.
//!
//! Logs, panics and error texts are made with `Debug`, by whoever happens to hold a value. What must not stand there is wrapped: PINs,
//! what is derived from them, peppers, and the names of people. To read it takes the word [`Secret::reveal`], which can be searched for.

use std::fmt;
use std::marker::PhantomData;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

/// A value that prints as `***`. In JSON it is the value itself; where it cannot be read, the error says nothing about it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Secret(value)
    }

    /// The value, for who needs it.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct("Secret", Reader(PhantomData))
    }
}

/// Reads what is there; that nothing is there is said by whoever misses it.
struct Reader<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
    type Value = Secret<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that is kept secret")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Secret<T>, D::Error> {
        // What a reader says about a value it does not like repeats the value.
        let read = T::deserialize(deserializer);
        read.map(Secret).map_err(|_| {
            serde::de::Error::custom("a value that is kept secret has another form than expected")
        })
    }
}

#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Secret<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<T>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_printed_nowhere_and_travels_as_it_is() {
        let secret = Secret::new("2468".to_owned());
        assert_eq!(format!("{secret:?} {:#?}", Some(&secret)), "*** Some(\n    ***,\n)");
        let json = serde_json::to_string(&secret).unwrap();
        assert_eq!(json, "\"2468\"");
        assert_eq!(serde_json::from_str::<Secret<String>>(&json).unwrap(), secret);
    }

    #[test]
    fn an_error_about_a_secret_does_not_repeat_it() {
        let error = serde_json::from_str::<Secret<String>>("2468").unwrap_err().to_string();
        assert!(!error.contains("2468"), "{error}");
        #[derive(Debug, Deserialize)]
        struct Named {
            #[allow(dead_code, reason = "only its absence is looked at")]
            name: Secret<String>,
        }
        let error = serde_json::from_str::<Named>("{}").unwrap_err().to_string();
        assert!(error.contains("missing field `name`"), "{error}");
    }
}
