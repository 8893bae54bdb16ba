//! Why this unit, and why not the nearer ones, over HTTP: read from the journal alone, like `liandong explain` (R4).

use super::Shared;
use super::calls::id;
use super::query::{Named, Query};
use super::reply::{Answered, json, not_found};
use crate::explain::{ExplainError, explain};
use crate::language::Language;
use crate::wire::{Problem, ProblemKind};
use axum::extract::{RawQuery, State};
use engine::id::OrderId;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Explanations made at once: each reads the journal from its beginning.
static READERS: Semaphore = Semaphore::const_new(2);

/// Explains one order.
pub async fn order(
    State(exchange): Shared,
    Named(order): Named<String>,
    RawQuery(query): RawQuery,
) -> Answered {
    let order: OrderId = id(&order)?;
    let mut query = Query::of(query.as_deref())?;
    let language = query
        .word("lang", Language::from_code, "zh or en")?
        .unwrap_or_default();
    query.finish()?;
    let refuse = |detail: String| Problem::new(ProblemKind::NotServing, detail);
    let _turn = READERS
        .acquire()
        .await
        .map_err(|error| refuse(error.to_string()))?;
    let asked = Arc::clone(&exchange);
    let read = tokio::task::spawn_blocking(move || {
        explain(asked.running.data().path(), order, asked.running.durable())
    });
    match read.await {
        Ok(Ok(explanation)) => json(&explanation.told(language)),
        Ok(Err(ExplainError::Unknown { held, .. })) => {
            let detail = format!("no such order; the journal holds {held}");
            Err(not_found(&detail, "id"))
        }
        Ok(Err(error @ (ExplainError::Records(_) | ExplainError::NoGrounds { .. }))) => {
            tracing::error!(%order, %error, "an order cannot be explained");
            Err(refuse(error.to_string()).into())
        }
        Err(error) => Err(refuse(error.to_string()).into()),
    }
}
