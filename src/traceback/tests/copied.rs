//! Tracebacks as notebooks print them, and as they look when they were copied badly.

use super::*;

/// File, line, function and source text.
type Found = (String, Option<u32>, Option<String>, Option<String>);

fn frames(text: &str) -> (String, Vec<Found>) {
    let lines: Vec<&str> = text.lines().collect();
    let traceback = parse(&lines).unwrap_or_else(|| panic!("{text}"));
    let link = traceback.links.last().unwrap();
    let frames = link
        .frames
        .iter()
        .map(|frame| (frame.file.clone(), frame.line, frame.function.clone(), frame.code.clone()));
    (link.class.clone(), frames.collect())
}

fn frame(file: &str, line: u32, function: &str, code: &str) -> Found {
    (file.to_owned(), Some(line), Some(function.to_owned()), Some(code.to_owned()))
}

/// IPython 8, IPython/core/ultratb.py.
#[test]
fn cells_of_a_notebook() {
    let (class, found) = frames(
        "NetworkError                              Traceback (most recent call last)\n\
         Cell In[3], line 41\n     39 \n     40 def main():\n---> 41     run()\n\n\
         Cell In[2], line 22, in run()\n     20     pass\n---> 22     ex.fetch()\n\n\
         File ~/venv/lib/python3.11/site-packages/ccxt/base/exchange.py:512, in Exchange.fetch(self)\n    \
         510 \n--> 512         raise NetworkError(self.id)\n\nNetworkError: binance GET",
    );
    assert_eq!(class, "NetworkError");
    let library = "~/venv/lib/python3.11/site-packages/ccxt/base/exchange.py";
    assert_eq!(
        found,
        [
            frame("Cell In[3]", 41, "<module>", "run()"),
            frame("Cell In[2]", 22, "run", "ex.fetch()"),
            frame(library, 512, "Exchange.fetch", "raise NetworkError(self.id)"),
        ]
    );
}

/// IPython 7 and Colab: the number stands at the arrow.
#[test]
fn cells_whose_number_is_at_the_arrow() {
    let (class, found) = frames(
        "ModuleNotFoundError                       Traceback (most recent call last)\n\
         <ipython-input-5-abc> in <module>\n      1 x = 1\n----> 2 run(df)\n\n\
         ~/bot/feed.py in run(df, **options)\n     10 \n---> 12     import ta\n\n\
         ModuleNotFoundError: No module named 'ta'",
    );
    assert_eq!(class, "ModuleNotFoundError");
    assert_eq!(
        found,
        [
            frame("<ipython-input-5-abc>", 2, "<module>", "run(df)"),
            frame("~/bot/feed.py", 12, "run", "import ta"),
        ]
    );
    let (_, found) = frames(
        "Input In [3], in <cell line: 1>()\n----> 1 import ta\n\nModuleNotFoundError: No module named 'ta'",
    );
    assert_eq!(found, [frame("Input In [3]", 1, "<cell line: 1>", "import ta")]);
}

/// Colab makes links of the files, and of what lies between tells only how much it is.
#[test]
fn frames_that_are_links() {
    let (class, found) = frames(
        "BadRequest                                Traceback (most recent call last)\n\
         [<ipython-input-5-abc>](https://localhost:8080/#) in <cell line: 9>()\n      8 \n----> 9 run()\n\n\
         12 frames\n\
         [/usr/local/lib/python3.10/dist-packages/ccxt/base/exchange.py](https://localhost:8080/#) in fetch(self, url)\n    \
         616 \n--> 617             raise BadRequest(url)\n\nBadRequest: kraken GET",
    );
    assert_eq!(class, "BadRequest");
    let library = "/usr/local/lib/python3.10/dist-packages/ccxt/base/exchange.py";
    assert_eq!(
        found,
        [
            frame("<ipython-input-5-abc>", 9, "<cell line: 9>", "run()"),
            frame(library, 617, "fetch", "raise BadRequest(url)"),
        ]
    );
}

#[test]
fn quotes_that_were_curled_or_lost() {
    for (open, close) in [("“", "”"), ("", "")] {
        let (_, found) = frames(&format!(
            "Traceback (most recent call last):\n  File {open}/bot/run.py{close}, line 3, in main\n    go()\nKeyError: 'k'"
        ));
        assert_eq!(found, [frame("/bot/run.py", 3, "main", "go()")]);
    }
}

#[test]
fn what_only_looks_like_a_frame() {
    for line in [
        "File the report, line 3, in time",
        "see ~/bot.py in the folder",
        "Cell In[x], line 3",
        "Cell In[3] ran",
        "Input In [3]",
        "bot.py in main()",
    ] {
        assert_eq!(frame_line(line), None, "{line}");
    }
}
