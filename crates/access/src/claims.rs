//! Claims that a token must have.

use serde_json::Value;

/// The name of a claim, and patterns one of which its value must match: globs as in Go's `path.Match`, where `*` does
/// not match a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    name: String,
    patterns: Vec<String>,
}

impl Claim {
    pub(crate) fn new(name: String, patterns: Vec<String>) -> Result<Self, String> {
        if patterns.is_empty() {
            return Err(format!("the claim {name:?} may have no value at all; write one"));
        }
        for pattern in &patterns {
            gomod::pattern::match_glob(pattern, "").map_err(|error| format!("the claim {name:?}: {error}"))?;
        }
        Ok(Self { name, patterns })
    }

    /// Of a list, one element must match.
    pub(crate) fn holds(&self, claims: &Value) -> bool {
        match claims.get(&self.name) {
            None | Some(Value::Null) => false,
            Some(Value::Array(values)) => values.iter().any(|value| self.matches(value)),
            Some(value) => self.matches(value),
        }
    }

    fn matches(&self, value: &Value) -> bool {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => return false,
        };
        self.patterns.iter().any(|pattern| gomod::pattern::match_glob(pattern, &text).unwrap_or(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_for_what_its_patterns_say_and_nothing_near_it() {
        let claim = |patterns: &[&str]| Claim::new("c".into(), patterns.iter().map(ToString::to_string).collect());
        for (patterns, value, holds) in [
            (&["corp"][..], "\"corp\"", true),
            (&["corp"], "\"corporate\"", false),
            (&["corp"], "\"Corp\"", false),
            (&["corp/*"], "\"corp/app\"", true),
            (&["corp/*"], "\"corp/app/evil\"", false),
            (&["corp/*"], "\"evil/corp/app\"", false),
            (&["a", "b"], "\"b\"", true),
            (&["true"], "true", true),
            (&["12"], "12", true),
            (&["a"], "[\"x\",\"a\"]", true),
            (&["a"], "{\"a\":\"a\"}", false),
            (&["*"], "null", false),
            (&["a"], "[[\"a\"]]", false),
        ] {
            let value: Value = serde_json::from_str(&format!("{{\"c\":{value}}}")).unwrap();
            assert_eq!(claim(patterns).unwrap().holds(&value), holds, "{patterns:?} {value}");
        }
        assert!(!claim(&["*"]).unwrap().holds(&serde_json::json!({})));
        claim(&["[x"]).unwrap_err();
        claim(&[]).unwrap_err();
    }
}
