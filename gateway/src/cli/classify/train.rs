//! `liandong classify train`: from labelled texts to the model that a lexicon names.

use super::texts;
use anyhow::{Context, bail};
use engine::classify::{Lexicon, train};
use std::path::{Path, PathBuf};

/// Trains on the texts through the lexicon's concepts. With `check` nothing is written: the bytes must be those that are
/// there.
pub fn train(files: &[PathBuf], lexicon: &Path, model: &Path, check: bool) -> anyhow::Result<()> {
    let typed = super::read(lexicon)?;
    // Its model may be an older one, and is not asked.
    let heard = Lexicon::without_model(&typed)
        .with_context(|| format!("{}: the lexicon has mistakes", lexicon.display()))?;
    let mut samples = Vec::new();
    for file in files {
        let texts = texts::read(file)?;
        samples.extend(texts.into_iter().map(|labelled| labelled.sample));
    }
    if samples.is_empty() {
        bail!("no texts; name files of labelled texts");
    }
    let bytes = train::train(&heard, &samples);
    let named = Lexicon::with_model(&typed, &bytes);
    if check {
        let kept =
            std::fs::read(model).with_context(|| format!("{}: cannot be read", model.display()))?;
        if kept != bytes || named != typed {
            bail!(
                "{}: these texts and this lexicon make another model; train it again without --check",
                model.display()
            );
        }
        println!("{} texts make the model that is there", samples.len());
        return Ok(());
    }
    std::fs::write(model, &bytes)
        .with_context(|| format!("{}: cannot be written", model.display()))?;
    std::fs::write(lexicon, named)
        .with_context(|| format!("{}: cannot be written", lexicon.display()))?;
    println!("{} texts, {} bytes", samples.len(), bytes.len());
    Ok(())
}
