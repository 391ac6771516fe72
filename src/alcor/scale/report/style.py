"""How reports look: in light and dark, on screens small and large, and on paper."""

_PALETTE = """
:root{color-scheme:light dark}
:root{--text:#1b2330;--soft:#66707f;--faint:#e7eaef;--page:#f6f7f9;--card:#fff;--good:#1a7f4b;--bad:#c0342b;
--c0:#2563c9;--c1:#d9662b;--c2:#1f9475;--c3:#8d4bbd;--c4:#b8960c;--c5:#c2417f}
@media(prefers-color-scheme:dark){:root{--text:#e4e8ee;--soft:#98a2b0;--faint:#2a313b;--page:#14181e;--card:#1b2129;
--good:#4cc38a;--bad:#ff7b72;--c0:#6ea3ff;--c1:#ff9a62;--c2:#4fcfae;--c3:#c594ee;--c4:#e0c04a;--c5:#f084b6}}
"""

_PLOTS = """
svg text{fill:var(--soft);font-size:11px}
.y{text-anchor:end}
.x,.number{text-anchor:middle}
svg .last{text-anchor:end}
svg .number{font-size:10px;opacity:.75}
.grid{stroke:var(--faint)}
.axis{stroke:var(--soft);opacity:.6}
.band{fill:var(--faint);opacity:.25}
.b1{opacity:.6}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
path.c0{stroke:var(--c0)}path.c1{stroke:var(--c1)}path.c2{stroke:var(--c2)}
path.c3{stroke:var(--c3)}path.c4{stroke:var(--c4)}path.c5{stroke:var(--c5)}
.dot.c0{fill:var(--c0)}.dot.c1{fill:var(--c1)}.dot.c2{fill:var(--c2)}
.dot.c3{fill:var(--c3)}.dot.c4{fill:var(--c4)}.dot.c5{fill:var(--c5)}
"""

_PAGE = """
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,"Segoe UI","Noto Sans",sans-serif}
main{max-width:1240px;margin:0 auto;padding:32px 20px 60px}
h1{margin:0;font-size:30px;letter-spacing:-.02em}
h2{margin:40px 0 4px;font-size:20px}
h3{margin:0 0 2px;font-size:17px}
h3 span{display:inline-block;min-width:26px;padding:0 7px;margin-right:4px;border-radius:13px;background:var(--faint);
text-align:center;font-size:14px;font-weight:600}
header p{margin:4px 0 20px;color:var(--soft);font-size:17px}
.hint{margin:0 0 14px;color:var(--soft);font-size:13px}
code{font:12px ui-monospace,monospace;overflow-wrap:anywhere}
.facts{display:flex;flex-wrap:wrap;gap:1px;margin:0 0 24px;
background:var(--faint);border:1px solid var(--faint);border-radius:10px;overflow:hidden}
.facts div{flex:1 1 auto;padding:10px 14px;background:var(--card)}
dt{color:var(--soft);font-size:12px}
dd{margin:0;font-weight:600}
.wide{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}
th{padding:6px 10px;color:var(--soft);font-size:12px;font-weight:500;text-align:right;white-space:nowrap}
td{padding:6px 10px;border-top:1px solid var(--faint);text-align:right;white-space:nowrap}
th:first-child,td:first-child,.overview :is(th,td):is(:nth-child(2),:nth-child(5)){text-align:left}
.overview td:nth-child(2),table:not(.overview) td:first-child{white-space:normal}
.overview td:nth-child(5){color:var(--soft)}
.overview,section,figure{background:var(--card);border:1px solid var(--faint);border-radius:10px}
.overview{border-collapse:separate;border-spacing:0}
section{margin:0 0 18px;padding:18px 20px}
section figure{border:0;padding:0}
.figures td:last-child{font-weight:600}
.figures tr:first-child td{border-top:0}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:18px;align-items:start}
figure{margin:0;padding:12px 14px 10px}
figcaption{margin-bottom:4px;font-size:14px;font-weight:600}
svg{display:block;width:100%;height:auto}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin:4px 0 0 4px;color:var(--soft);font-size:12px}
.legend i{display:inline-block;width:14px;height:3px;margin:0 6px 3px 0;border-radius:2px}
i.c0{background:var(--c0)}i.c1{background:var(--c1)}i.c2{background:var(--c2)}
i.c3{background:var(--c3)}i.c4{background:var(--c4)}i.c5{background:var(--c5)}
.good{color:var(--good)}
.bad{color:var(--bad)}
pre{padding:10px 12px;border-radius:6px;background:var(--faint);white-space:pre-wrap;font-size:12px}
@media print{body{background:#fff}section,figure{break-inside:avoid}}
"""

_PICTURE = """
svg{font-family:system-ui,"Segoe UI","Noto Sans",sans-serif}
.card{fill:var(--card)}
svg .title{fill:var(--text);font-size:14px;font-weight:600}
svg .caption{font-size:9px}
"""

STYLE = _PALETTE + _PAGE + _PLOTS
"""Of a page."""

PICTURE_STYLE = _PALETTE + _PICTURE + _PLOTS
"""Of a picture that is a file of its own."""
