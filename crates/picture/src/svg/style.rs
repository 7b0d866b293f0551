//! How it looks. Colours are written out: many programs that draw SVG know no variables.

pub(super) const STYLE: &str = "\
text { font-family: system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif; \
text-anchor: middle; fill: #1f2328; }
.ground { fill: #ffffff; }
.name { font-size: 13px; font-weight: 600; }
.operation { font-size: 12px; }
.kind { font-size: 10px; fill: #59636e; }
.fields { font-size: 11px; fill: #59636e; }
.box, .frame { fill: #f6f8fa; stroke: #59636e; stroke-width: 1.2; }
.side { stroke: #59636e; stroke-width: 1.2; }
.source .box, .source .frame { fill: #ddf4ff; stroke: #0969da; }
.sink .box, .sink .frame { fill: #fbefff; stroke: #8250df; }
.sink .side { stroke: #8250df; }
.several .box { fill: #ffffff; }
.start .box { stroke-width: 3; }
.link path { fill: none; stroke: #6e7781; stroke-width: 1.4; }
.link:hover path { stroke: #cf222e; stroke-width: 2.4; }
.arrow { fill: #6e7781; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.ground { fill: #0d1117; }
.kind { fill: #9198a1; }
.fields { fill: #9198a1; }
.box, .frame { fill: #161b22; stroke: #9198a1; }
.side { stroke: #9198a1; }
.source .box, .source .frame { fill: #0c2748; stroke: #58a6ff; }
.sink .box, .sink .frame { fill: #2b1a45; stroke: #bc8cff; }
.sink .side { stroke: #bc8cff; }
.several .box { fill: #0d1117; }
.link path { stroke: #9198a1; }
.link:hover path { stroke: #ff7b72; }
.arrow { fill: #9198a1; }
}
";

/// The same for elements within `scope` alone, and for screens alone where it is dark.
pub(super) fn scoped(scope: &str) -> String {
    let mut scoped = String::new();
    for line in STYLE.lines() {
        match line.split_once('{') {
            Some((query, rest)) if query.starts_with('@') => {
                let query = query.replace("@media ", "@media screen and ");
                scoped += &format!("{query}{{{rest}\n");
            }
            Some((selectors, rest)) => {
                let selectors: Vec<String> =
                    selectors.split(',').map(|selector| format!("{scope} {}", selector.trim())).collect();
                scoped += &format!("{} {{{rest}\n", selectors.join(", "));
            }
            None => scoped += &format!("{line}\n"),
        }
    }
    scoped
}

pub(super) const ARROW: &str = "\
<defs><marker id=\"aieffect-arrow\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" markerHeight=\"9\" \
markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"arrow\" d=\"M0,1 L10,5 L0,9 z\"/></marker></defs>
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scoped_style_is_for_nothing_outside() {
        let scoped = scoped(".graph");
        let rules = scoped.lines().filter(|line| line.contains('{') && !line.starts_with('@'));
        for rule in rules {
            let selectors = rule.split_once('{').unwrap().0;
            assert!(selectors.split(',').all(|selector| selector.trim().starts_with(".graph ")), "{rule}");
        }
        assert_eq!(scoped.matches('{').count(), STYLE.matches('{').count());
        assert!(scoped.contains("@media screen and (prefers-color-scheme: dark) {"));
    }
}
