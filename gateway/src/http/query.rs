//! What an address says beside its path's own words: the names in the path, and what stands behind the question mark. Every
//! parameter is taken by name and an unknown one refused, so that a misspelt filter never shows everything.

use super::calls::id;
use super::reply::Early;
use crate::wire::{Problem, ProblemKind};
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use engine::id::IncidentId;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Things on a page at most.
pub const LIMIT_MAX: usize = 1_000;
/// Things on a page where nobody says.
const LIMIT_DEFAULT: usize = 100;

/// What the path names: one text, or a tuple of them.
pub struct Named<T>(pub T);

impl<T, S> FromRequestParts<S> for Named<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Early;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named<T>, Early> {
        let named = Path::from_request_parts(parts, state).await;
        named.map(|Path(named)| Named(named)).map_err(|_| {
            let detail = "what the path names must be UTF-8 once its percent signs are read";
            Problem::new(ProblemKind::BadField, detail)
                .about("id")
                .into()
        })
    }
}

/// The incident that the path names.
pub struct OfIncident(pub IncidentId);

impl<S: Send + Sync> FromRequestParts<S> for OfIncident {
    type Rejection = Early;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<OfIncident, Early> {
        let Named(named) = Named::<String>::from_request_parts(parts, state).await?;
        id(&named).map(OfIncident)
    }
}

/// The parameters of one request.
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// The parameters of this query string.
    pub fn of(given: Option<&str>) -> Result<Query, Problem> {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(given.unwrap_or_default().as_bytes()) {
            if fields.insert(name.to_string(), value.to_string()).is_some() {
                return Err(Problem::bad_field(&name, "is given twice"));
            }
        }
        Ok(Query(fields))
    }

    /// Refuses what nobody has asked for.
    pub fn finish(self) -> Result<(), Problem> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => {
                let detail = "a parameter that this path does not have; /openapi.json names them";
                Err(Problem::new(ProblemKind::UnknownField, detail).about(name))
            }
        }
    }

    /// A parameter as it was given.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// How many things are wanted.
    pub fn limit(&mut self) -> Result<usize, Problem> {
        let Some(given) = self.text("limit") else {
            return Ok(LIMIT_DEFAULT);
        };
        given
            .parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| Problem::bad_field("limit", "must be a whole number from 1 to 1000"))
    }

    /// An id that may be missing.
    pub fn id<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Problem> {
        let Some(given) = self.text(name) else {
            return Ok(None);
        };
        given.parse().map(Some).map_err(|_| {
            Problem::bad_field(
                name,
                "must be an id such as \"1.17\", as `next` and `id` give it",
            )
        })
    }

    /// A number that may be missing.
    pub fn number<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Problem> {
        let Some(given) = self.text(name) else {
            return Ok(None);
        };
        let number = given.parse().map(Some);
        number.map_err(|_| {
            Problem::bad_field(
                name,
                "must be a number such as 7, as `next` and `id` give it",
            )
        })
    }

    /// A word of a vocabulary that may be missing.
    pub fn word<T>(
        &mut self,
        name: &str,
        meaning: impl FnOnce(&str) -> Option<T>,
        right: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(given) = self.text(name) else {
            return Ok(None);
        };
        meaning(&given)
            .map(Some)
            .ok_or_else(|| Problem::bad_field(name, &format!("must be {right}")))
    }

    /// Yes or no; what is said when it is missing.
    pub fn flag(&mut self, name: &str, default: bool) -> Result<bool, Problem> {
        let meaning = |given: &str| match given {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        Ok(self
            .word(name, meaning, "true or false")?
            .unwrap_or(default))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |query: &str| {
            let mut query = Query::of(Some(query))?;
            query.limit()?;
            query.id::<engine::id::UnitId>("after")?;
            query.flag("hash", true)?;
            query.finish()
        };
        assert_eq!(refused("limit=5&after=1.7&hash=false"), Ok(()));
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=x", "limit"),
            ("after=7", "after"),
            ("hash=maybe", "hash"),
            ("limt=5", "limt"),
            ("limit=1&limit=2", "limit"),
        ] {
            let problem = refused(query).unwrap_err();
            assert_eq!(problem.field.as_deref(), Some(field), "{query}");
        }
    }
}
