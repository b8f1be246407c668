"""The columns of every dataset, in reading order: Arrow schemas.

A field's comment is its contract: unit, time zone, and what it counts. `dt` (and `hour`) are the
folders `dt=YYYY-MM-DD` (`hour=HH`, see `hour_partition` in publish.py) in the reporting zone; every
timestamp is UTC.
"""

from typing import Final

import pyarrow as pa

_TEXT: Final = pa.string()
_LONG: Final = pa.int64()
_INT: Final = pa.int32()
_DOUBLE: Final = pa.float64()
_BOOLEAN: Final = pa.bool_()
_MOMENT: Final = pa.timestamp("us", tz="UTC")
_LONGS: Final = pa.list_(_LONG)
_TEXTS: Final = pa.list_(_TEXT)


def _column(name: str, data_type: pa.DataType, comment: str) -> pa.Field:
    return pa.field(name, data_type, metadata={"comment": comment})


#: searches/dt=: one search by one person. Key: searched_at, user_id, query_id. The same person
#: with the same query in the same second is one search (a click log writes a line a click). Where
#: a log has clicks in lines of their own, these are rows, too: see `is_click`.
SEARCHES: Final = pa.schema(
    [
        _column("searched_at", _MOMENT, "UTC, whole seconds"),
        _column("user_id", _LONG, "64 bits of a keyed hash of the log's user"),
        _column("query_id", _LONG, "xxhash64(query)"),
        _column("query", _TEXT, "normalised, never blank"),
        _column("surface", _TEXT, "as typed, white space squeezed"),
        _column("clicked_url", _TEXT, "null: no click"),
        _column("clicked_rank", _INT, "1 is the first result; null: no click or unknown"),
        _column("source", _TEXT, "the file in the landing folder"),
        _column("result_count", _LONG, "results that were found; null: the log does not say"),
        _column("click_seconds", _DOUBLE, "from the search to the click; null: no click, unknown"),
        _column("device", _TEXT, "a lower-case word (reading/devices.py); null: unknown"),
        _column(
            "is_click",
            _BOOLEAN,
            "the row is a click at its own time, and an earlier row is its search; null or false: "
            "a search",
        ),
    ]
)

#: Columns that came to `SEARCHES` later; see `LATER_COLUMNS`.
LATER_IN_SEARCHES: Final = ("result_count", "click_seconds", "device", "is_click")

#: rejects/dt=: one line that was not taken in. Key: source, line. dt is the day of the search
#: where the line has one, else the day of the file's modification.
REJECTS: Final = pa.schema(
    [
        _column("source", _TEXT, "the file in the landing folder"),
        _column("line", _LONG, "from 1; null for a robot's search"),
        _column("reason", _TEXT, "why: see REJECT_REASONS and WITHHOLD_REASONS"),
        _column("text", _TEXT, "at most 200 characters, personal data and user masked"),
        _column(
            "search", pa.struct(SEARCHES), "a robot's search, kept so that late files can be judged"
        ),
    ]
)

#: A line with one of these is rejected: it is no search.
REJECT_REASONS: Final = (
    "blank_query",
    "bad_time",
    "future_time",
    "no_user",
    "too_few_columns",
    "undecodable",
    "too_long",
)

#: A line with one of these is a search that is withheld: `erased`, of a person that was erased
#: since (erasure.py); `expired`, of a day that has gone for its age (retention.py).
WITHHOLD_REASONS: Final = ("personal_data", "robot", "erased", "expired")

#: ledger/: one file of the landing folder. Key: source.
#: lines = accepted + duplicates + rejected + withheld, always.
LEDGER: Final = pa.schema(
    [
        _column("source", _TEXT, "the file's address"),
        _column("status", _TEXT, "taken_in, same_content or set_aside"),
        _column("detail", _TEXT, "same_content: the file it equals; set_aside: why"),
        _column("size", _LONG, "bytes"),
        _column("modified_at", _MOMENT, "UTC"),
        _column("checksum", _TEXT, "of the content; null where the storage has none"),
        _column(
            "taken_in_as",
            _TEXT,
            "`source` of its rows in searches and rejects: its address when it was taken in, "
            "with a bit of the checksum if a renamed file had that address before",
        ),
        _column("format", _TEXT, "the log format it was read with"),
        _column("charset", _TEXT, "the character set it was read with"),
        _column("zone", _TEXT, "the zone of its times without an offset"),
        _column("date", pa.date32(), "the day of its times without a date; null: all have one"),
        _column(
            "declaration",
            _TEXT,
            "the format it was read with, bound to its header, as JSON; "
            "set_aside: the one that was asked for",
        ),
        _column("lines", _LONG, "lines that claim to be searches"),
        _column("skipped", _LONG, "headers and lines that the format knows as no searches"),
        _column("accepted", _LONG, "rows in searches"),
        _column("duplicates", _LONG, "searches that are there already"),
        _column("rejected", _LONG, "lines that are no searches"),
        _column("withheld", _LONG, "searches set aside"),
        _column("rejected_by_reason", pa.map_(_TEXT, _LONG), "sums to rejected"),
        _column("withheld_by_reason", pa.map_(_TEXT, _LONG), "sums to withheld"),
        _column(
            "look_again_at",
            _MOMENT,
            "UTC; when the first of its future_time lines is no future any more; null: none",
        ),
    ]
)

#: hourly_counts/dt=: one query in one hour. Key: hour, query_id. Robots left out.
HOURLY_COUNTS: Final = pa.schema(
    [
        _column("hour", _MOMENT, "UTC start of an hour of the reporting zone"),
        _column("query_id", _LONG, ""),
        _column("searchers", _LONG, "different people in that hour, exact"),
        _column(
            "also_searched",
            _LONG,
            "of them: who typed another query too on that day, by the end of that hour",
        ),
    ]
)

#: daily_counts/dt=: one query on one day. Key: query_id. Robots left out.
DAILY_COUNTS: Final = pa.schema(
    [
        _column("query_id", _LONG, ""),
        _column("query", _TEXT, "normalised"),
        _column("surface", _TEXT, "as most people typed it; of equals the least"),
        _column("searchers", _LONG, "different people on that day, exact"),
        _column("searchers_sketch", _LONGS, "of them; see counting/people.py"),
        _column("searches", _LONG, "rows of searches"),
        _column(
            "variant_id",
            _LONG,
            "equal for variants of spelling: language/queries.py",
        ),
        _column("ending_ids", _LONGS, "xxhash64 of its endings: see language/queries.py"),
    ]
)

#: daily_pairs/dt=: an ordered pair of queries in the sessions that began that day.
#: Key: first_id, second_id. A query paired with itself tells of all sessions with that query.
DAILY_PAIRS: Final = pa.schema(
    [
        _column("first_id", _LONG, "query_id of the one typed first"),
        _column("second_id", _LONG, "query_id of the one typed later"),
        _column("sessions", _LONG, "sessions with the pair in this order"),
        _column("opened", _LONG, "of a query with itself: sessions that begin with it; else 0"),
        _column("searchers_sketch", _LONGS, "of people; null for a query with itself"),
        _column("seconds_between", _DOUBLE, "mean from the first to the second; 0 for itself"),
        _column("soon", _LONG, "sessions with at most 120 s between; 0 for itself"),
    ]
)

#: words/dt=: one word of the queries of the weeks until that day, and the keywords in it; of a day
#: that is not over, those that the day before had not. Key: token. Internal, as are the next three:
#: what is published of keywords stands in keywords/ and trending_words/.
WORDS: Final = pa.schema(
    [
        _column("token", _TEXT, "as it stands between spaces; with a space: a phrase"),
        _column("pieces", _TEXTS, "what it is made of: language/morphemes.py"),
        _column("classes", _TEXTS, "of the pieces"),
        _column("keywords", _TEXTS, "in it, in order; may be none"),
        _column("kinds", _TEXTS, "of the keywords: see DAILY_KEYWORDS"),
    ]
)

#: query_keywords/dt=: one keyword of one query of that day. Key: query_id, keyword_id.
QUERY_KEYWORDS: Final = pa.schema(
    [
        _column("query_id", _LONG, ""),
        _column("keyword_id", _LONG, "xxhash64(keyword)"),
    ]
)

#: daily_keywords/dt=: one keyword on one day. Key: keyword_id. Robots left out.
DAILY_KEYWORDS: Final = pa.schema(
    [
        _column("keyword_id", _LONG, "xxhash64(keyword)"),
        _column("keyword", _TEXT, "normalised"),
        _column("kind", _TEXT, "noun, name, word (other scripts), coined or phrase"),
        _column("searchers", _LONG, "different people on that day (estimated above 1,023)"),
        _column("searchers_sketch", _LONGS, "of them; see counting/people.py"),
        _column("searches", _LONG, "rows of searches"),
        _column("queries", _LONG, "different queries with the keyword"),
    ]
)

#: hourly_keywords/dt=: one keyword in one hour. Key: hour, keyword_id. Robots left out.
HOURLY_KEYWORDS: Final = pa.schema(
    [
        _column("hour", _MOMENT, "UTC start of an hour of the reporting zone"),
        _column("keyword_id", _LONG, ""),
        _column("searchers", _LONG, "different people in that hour, exact"),
        _column(
            "also_searched",
            _LONG,
            "of them: who typed another query too on that day, by the end of that hour",
        ),
    ]
)

#: daily_devices/dt=: one query on one day and one device. Key: query_id, device. Robots left out. A
#: day of which no search has a device has no row.
DAILY_DEVICES: Final = pa.schema(
    [
        _column("query_id", _LONG, ""),
        _column("device", _TEXT, "a lower-case word; empty: the log does not tell"),
        _column("searches", _LONG, "rows of searches"),
        _column("searchers_sketch", _LONGS, "of people; see counting/people.py"),
    ]
)

#: daily_clicks/dt=: what became of the searches for a query, in the sessions that began that day.
#: Key: query_id, into_id. A search here is a run of one person's rows for one query with no other
#: query between: to look again, or to turn a page, is no new search. With itself a query tells of
#: all its searches; with another, of those that this one reformulated: a search without a click,
#: followed at once in its session by a query that is like it (results/reformulations.py).
DAILY_CLICKS: Final = pa.schema(
    [
        _column("query_id", _LONG, "of the search"),
        _column("into_id", _LONG, "itself, or query_id of what it was reformulated into"),
        _column("searches", _LONG, "runs of rows; the columns to `reformulated` are of itself"),
        _column("clicked", _LONG, "searches with a click"),
        _column("clicks", _LONG, "rows with a click: of several in a second the best is kept"),
        _column("ranked", _LONG, "of these: with a rank"),
        _column("rank_sum", _LONG, "of the ranks of clicks"),
        _column("first_ranked", _LONG, "searches with a rank"),
        _column("first_rank_sum", _LONG, "of the first rank of each"),
        _column("left", _LONG, "searches without a click that end their session"),
        _column("reformulated", _LONG, "searches without a click that were reformulated"),
        _column("results_known", _LONG, "searches of which the log tells how many results"),
        _column("no_results", _LONG, "of these: with none"),
        _column("timed", _LONG, "searches of which the log tells when the first click was"),
        _column("searchers_sketch", _LONGS, "of people; see counting/people.py"),
        _column("clickers_sketch", _LONGS, "of people with a click"),
        _column("leavers_sketch", _LONGS, "of people with a search among `left`"),
        _column("reformulators_sketch", _LONGS, "of people with one among `reformulated`"),
        _column("results_known_sketch", _LONGS, "likewise"),
        _column("no_results_sketch", _LONGS, "likewise"),
        _column("timed_sketch", _LONGS, "likewise"),
        _column(
            "first_click_seconds",
            pa.list_(pa.struct([("bucket", _LONG), ("searches", _LONG)])),
            "of `timed`: how many in each bucket of seconds (counting/durations.py)",
        ),
    ]
)

#: keyword_clicks/dt=: the same of all queries with a keyword, whose id stands as `query_id` and
#: `into_id`; no reformulations. Key: query_id.
KEYWORD_CLICKS: Final = DAILY_CLICKS

#: topics/dt=: one query, word or spelling, and the topic that it tells of, for the week that begins
#: that day, a Monday. Key: id. Internal, as are the next three.
TOPICS: Final = pa.schema(
    [
        _column("id", _LONG, "query_id, or a hash of a word or spelling"),
        _column("is_query", _BOOLEAN, "or a word or spelling"),
        _column("topic", _INT, "from 1, the largest first; 0: none"),
        _column("weight", _DOUBLE, "of a word among others of a query"),
        _column("use", _INT, "of a query, see counting/uses.py; null: a word, or an older layout"),
        _column("most_people", _LONG, "of a query on one of the days; null likewise"),
    ]
)

#: daily_interests/dt=: one feature of what a person searched for on a day. Key: user_id, feature.
DAILY_INTERESTS: Final = pa.schema(
    [
        _column("user_id", _LONG, ""),
        _column("feature", _INT, "a topic of the week, a time or a use: see counting/interests.py"),
        _column("queries", _INT, "different queries on that day"),
    ]
)

#: interests/dt=: one feature of a person's interests, as of that day. Key: user_id, feature.
INTERESTS: Final = pa.schema(
    [
        _column("user_id", _LONG, ""),
        _column("feature", _INT, "a topic as of that day, a time or a use"),
        _column("weight", pa.float32(), "different queries a day, halved per half-life of age"),
    ]
)

#: members/dt=: the segment of a person, as of that day. Key: user_id.
MEMBERS: Final = pa.schema(
    [
        _column("user_id", _LONG, ""),
        _column("segment", _INT, "of segments/"),
    ]
)

#: Columns that stored files of layouts before 5 may lack: there they are null.
LATER_COLUMNS: Final = (
    *LATER_IN_SEARCHES,
    *("results_known", "no_results", "timed", "results_known_sketch", "no_results_sketch"),
    *("timed_sketch", "first_click_seconds"),
    *("use", "most_people"),
)

#: daily_addresses/dt=: one address that was clicked for one query on one day. Internal: no result
#: holds an address. Key: query_id, address_id. Robots left out.
DAILY_ADDRESSES: Final = pa.schema(
    [
        _column("query_id", _LONG, ""),
        _column("address_id", _LONG, "xxhash64 of it, plain: see counting/addresses.py"),
        _column("host", _TEXT, "its host, in lower case, without www."),
        _column("clicks", _LONG, "rows of searches with it"),
        _column("searchers_sketch", _LONGS, "of people who clicked it; see counting/people.py"),
    ]
)

#: trending/dt=/hour=: one query on the board of the window that ends at that hour.
TRENDING: Final = pa.schema(
    [
        _column("window_end", _MOMENT, "UTC"),
        _column("rank", _INT, "from 1"),
        _column("query", _TEXT, "normalised"),
        _column("surface", _TEXT, "as most people typed it"),
        _column("previous_rank", _INT, "on the board one window earlier; null: not on it"),
        _column("movement", _TEXT, "NEW, UP, DOWN or SAME"),
        _column("searchers", _LONG, "different people in the window (sum over its hours)"),
        _column("expected_searchers", _DOUBLE, "what its own past leads one to expect"),
        _column("score", _DOUBLE, "signed root of a deviance, in sigmas: see trending.py"),
        _column("is_surprise", _BOOLEAN, "beyond chance; else only the next largest rise"),
        _column("variants", pa.list_(_TEXT), "other ways to put the same query or issue"),
        _column("season_searchers", _DOUBLE, "what the same hours of the days before lead to"),
        _column("recent_searchers", _DOUBLE, "what the hours just before lead to"),
        _column("believed_searchers", _DOUBLE, "of searchers: those who are scored"),
        _column("surprise_score", _DOUBLE, "the score from which a row of this board surprises"),
    ]
)

#: live/dt=: one query on the board of the window that ends at that moment, a full slot of minutes
#: of the reporting zone. Key: window_end, rank. All boards of a day in one file; dt is the day on
#: which the window ends. At a full hour the rows are those of trending/dt=/hour=.
LIVE: Final = TRENDING

#: In the footer of a file of live/: the ends of all its windows, ISO 8601, as a list of JSON. One
#: of a quiet hour has no row.
LIVE_WINDOWS_NOTE: Final = "silgeom.boards"

#: related/dt=: one related query of a query, as of that day. Key: query, kind, rank.
RELATED: Final = pa.schema(
    [
        _column("query", _TEXT, "normalised"),
        _column("kind", _TEXT, "related or correction"),
        _column("rank", _INT, "from 1 within query and kind"),
        _column("related_query", _TEXT, "normalised"),
        _column("related_surface", _TEXT, "as most people typed it"),
        _column(
            "score",
            _DOUBLE,
            "share of its sessions with the other, where before it half; orders",
        ),
        _column("significance", _DOUBLE, "signed root log-likelihood ratio, in sigmas"),
        _column("sessions", _LONG, "sessions with both, in either order"),
        _column("searchers", _LONG, "different people with both (estimated above 1,023)"),
        _column("next_probability", _DOUBLE, "share of its sessions where the other follows"),
    ]
)

#: autocomplete/dt=: one completion of a prefix, as of that day. Key: key_kind, prefix, rank.
AUTOCOMPLETE: Final = pa.schema(
    [
        _column("key_kind", _TEXT, "keystrokes or choseong of whole queries, or tail: of endings"),
        _column("prefix", _TEXT, "of the keys (language/keys.py); a space at its end alone"),
        _column("rank", _INT, "from 1"),
        _column("completion", _TEXT, "as most people typed it; of a tail, the ending alone"),
        _column("searchers", _LONG, "different people (estimated above 1,023)"),
        _column("weight", _DOUBLE, "searcher-days, each halved per half-life of its age"),
    ]
)

#: keyword_tool/dt=: one keyword, as of that day. Key: query.
KEYWORD_TOOL: Final = pa.schema(
    [
        _column("query", _TEXT, "normalised, in the spacing that most typed"),
        _column("surface", _TEXT, "as most people typed it"),
        _column("searchers", _LONG, "different people in the days (estimated above 1,023)"),
        _column("searches", _LONG, "in the days"),
        _column(
            "weekly_searchers",
            pa.list_(_LONG),
            "different people of each of 12 weeks, the newest last; null: fewer than k",
        ),
        _column(
            "growth",
            _DOUBLE,
            "people of the last 4 weeks by those of the 4 before, less 1; or null",
        ),
        _column(
            "devices",
            _TEXTS,
            "of most people first; null: none is told, or of too few (results/keyword_devices.py)",
        ),
        _column("device_searchers", pa.list_(_LONG), "different people of each in the days"),
        _column("device_searches", pa.list_(_LONG), "searches of each in the days"),
    ]
)

#: co_clicked/dt=: another keyword that leads to the same addresses, as of that day.
#: Key: query, rank.
CO_CLICKED: Final = pa.schema(
    [
        _column("query", _TEXT, "as in keyword_tool"),
        _column("rank", _INT, "from 1 within query: by score"),
        _column("co_clicked_query", _TEXT, "as in keyword_tool"),
        _column("co_clicked_surface", _TEXT, "as most people typed it"),
        _column("score", _DOUBLE, "cosine of what is clicked, rare addresses the heaviest: to 1"),
        _column("addresses", _INT, "that both lead to, each by k different people of each"),
    ]
)

#: keywords/dt=: one keyword of the days until that day. Key: keyword.
KEYWORDS: Final = pa.schema(
    [
        _column("rank", _INT, "from 1, by searchers"),
        _column("keyword", _TEXT, "normalised"),
        _column("kind", _TEXT, "noun, name, word (other scripts), coined or phrase"),
        _column("searchers", _LONG, "different people of the days (estimated above 1,023)"),
        _column("searches", _LONG, "rows of searches"),
        _column("queries", _LONG, "different queries with it, summed over the days"),
        _column(
            "previous_searchers",
            _LONG,
            "of as many days before; null: fewer than are published, or the log is too short",
        ),
        _column(
            "change",
            _DOUBLE,
            "share of all people now by that before, less 1; null: no previous_searchers",
        ),
        _column("significance", _DOUBLE, "of the change, in sigmas; null: the log is too short"),
        _column("examples", _TEXTS, "queries with it that most people typed, most first"),
    ]
)

#: trending_words/dt=/hour=: one keyword on the board of the window that ends at that hour: as
#: trending/, of the people of all queries with the keyword.
TRENDING_WORDS: Final = TRENDING

#: categories/dt=: the category of a query, as of that day. Key: query.
CATEGORIES: Final = pa.schema(
    [
        _column("query", _TEXT, "normalised"),
        _column("category", _TEXT, "as the rules name it"),
        _column("confidence", _DOUBLE, "its share of all categories' claims on the query, to 1"),
        _column("source", _TEXT, "declared, or sessions: searched with what is declared"),
    ]
)

#: The columns of query_analytics and search_quality that tell how searches end. null: the log does
#: not tell of clicks, or the figure would tell of fewer than k people (results/query_analytics.py).
_OF_CLICKS: Final = (
    _column("click_through", _DOUBLE, "share of searches with a click"),
    _column("click_through_low", _DOUBLE, "lower end of its 95 % interval (Wilson, n = people)"),
    _column("click_through_high", _DOUBLE, "upper end"),
    _column("clicks_per_search", _DOUBLE, "rows with a click by searches"),
    _column("mean_rank", _DOUBLE, "of clicks; null: not every click has a rank"),
    _column("first_rank", _DOUBLE, "mean rank of the first click of a search; null: as mean_rank"),
    _column("clickers", _LONG, "different people with a click"),
    _column("exit_rate", _DOUBLE, "share of searches that end a session without a click"),
    _column("exit_rate_low", _DOUBLE, "as of click_through"),
    _column("exit_rate_high", _DOUBLE, "upper end"),
    _column("leavers", _LONG, "different people who left without a click"),
    _column("reformulation_rate", _DOUBLE, "share of searches that were reformulated, unclicked"),
    _column("reformulation_rate_low", _DOUBLE, "as of click_through"),
    _column("reformulation_rate_high", _DOUBLE, "upper end"),
    _column("reformulators", _LONG, "different people who reformulated it"),
    _column("zero_result_rate", _DOUBLE, "share of searches without results, where that is known"),
    _column("zero_result_rate_low", _DOUBLE, "as of click_through, n = results_people"),
    _column("zero_result_rate_high", _DOUBLE, "upper end"),
    _column("people_without_results", _LONG, "different people who found none"),
    _column("results_people", _LONG, "different people of whose searches it is known"),
    _column(
        "seconds_to_click",
        _DOUBLE,
        "median from a search to its first click, where that is known; 1,800 at most",
    ),
    _column("timed_people", _LONG, "different people of whose clicks it is known"),
)

#: query_analytics/dt=: a query of the days up to that one, that at least k people searched for.
#: Key: query. By rank: what is most worth mending first.
QUERY_ANALYTICS: Final = pa.schema(
    [
        _column("rank", _INT, "from 1: by people_lost, leavers, reformulators, people"),
        _column("query", _TEXT, "normalised"),
        _column("surface", _TEXT, "as most people typed it"),
        _column("band", _TEXT, "head, torso or tail: thirds of all searches"),
        _column("people", _LONG, "different people (estimated above 1,023)"),
        _column("searches", _LONG, "runs of rows: see daily_clicks"),
        _column(
            "people_lost",
            _DOUBLE,
            "how many more people leave without a click than of any query: people times what "
            "exit_rate_low is above the log's exit rate",
        ),
        *_OF_CLICKS,
        _column(
            "zero_result_rank",
            _INT,
            "from 1: by people_without_results, zero_result_rate; null: none is told of",
        ),
    ]
)

#: keyword_analytics/dt=: the same of all queries with a keyword, which stands as `query`: its key.
KEYWORD_ANALYTICS: Final = QUERY_ANALYTICS

#: reformulations/dt=: what people type instead of a query that they clicked nothing of, of the
#: days up to that one. Key: query, rank.
REFORMULATIONS: Final = pa.schema(
    [
        _column("query", _TEXT, "normalised"),
        _column("rank", _INT, "from 1 within query: by people"),
        _column("into_query", _TEXT, "normalised"),
        _column("into_surface", _TEXT, "as most people typed it"),
        _column("people", _LONG, "different people, at least k (estimated above 1,023)"),
        _column(
            "searches",
            _LONG,
            "of the query that were reformulated into this; null: fewer than k people did not",
        ),
        _column("share", _DOUBLE, "of all searches for the query; null as searches"),
    ]
)

#: search_quality/dt=: the search service as a whole, of the days up to that one. Key: day, band.
SEARCH_QUALITY: Final = pa.schema(
    [
        _column("day", _TEXT, "a day (YYYY-MM-DD) of the reporting zone; null: all of them"),
        _column("band", _TEXT, "all, head, torso or tail; of a day all"),
        _column("queries", _LONG, "different queries"),
        _column("people", _LONG, "different people (estimated above 1,023)"),
        _column("searches", _LONG, "runs of rows: see daily_clicks"),
        _column("clicks_in_log", _TEXT, "which searches of all days have one: none, some, every"),
        _column("results_in_log", _TEXT, "of which searches the log tells how many: likewise"),
        _column("times_in_log", _TEXT, "of which searches with a click it tells when: likewise"),
        *_OF_CLICKS,
    ]
)

#: patterns/dt=: one query, as of that day; its spellings are one. Key: query. Means are people by
#: hour or day, over the days of the period; hours and days of fewer than k people count as none,
#: null: there is no other.
PATTERNS: Final = pa.schema(
    [
        _column("query", _TEXT, "normalised"),
        _column("surface", _TEXT, "as most people typed it"),
        _column("searchers", _LONG, "different people in the period (estimated above 1,023)"),
        _column("days", _LONG, "of the period that have searches and are over"),
        _column(
            "pattern",
            _TEXT,
            "daily, weekdays, weekends, weekly, monthly, yearly, growing, fading, burst, bursts, "
            "steady or irregular; null: too few people, or days, to tell",
        ),
        _column("words", _TEXT, "the pattern in words: every evening, Monday mornings"),
        _column("peak_weekdays", pa.list_(_INT), "that stand out, 1 is Monday"),
        _column("peak_hours", pa.list_(_INT), "that stand out, in order, 0 to 23"),
        _column("part_of_day", _TEXT, "of these hours: morning, noon, afternoon, evening or night"),
        _column("peak_day", pa.date32(), "of bursts, and of what comes by month or year"),
        _column("daily_strength", _DOUBLE, "0 to 1, of the season of the day"),
        _column("weekly_strength", _DOUBLE, "0 to 1, of the season of the week"),
        _column("yearly_strength", _DOUBLE, "0 to 1; null: less than two years"),
        _column(
            "trend",
            _DOUBLE,
            "change from week to week beside all searches: 0.1 is 10 % more; null: none but chance",
        ),
        _column("by_hour", pa.list_(_DOUBLE), "24 means, midnight first, of the last 28 days"),
        _column("by_weekday", pa.list_(_DOUBLE), "7 means, Monday first"),
        _column("profile", pa.list_(_DOUBLE), "168 means, Monday midnight first, of 28 days"),
    ]
)

#: keyword_patterns/dt=: the same of all queries with a keyword, which stands as `query`: its key.
#: A dataset of its own: a keyword may be a query, too, and both would have one key.
KEYWORD_PATTERNS: Final = PATTERNS

#: changes/dt=: a query that changed from one week to the next, as of that day. Key: query.
CHANGES: Final = pa.schema(
    [
        _column("query", _TEXT, "normalised"),
        _column("surface", _TEXT, "as most people typed it"),
        _column("change", _TEXT, "new, rising, back, falling, over or lost"),
        _column("rank", _INT, "from 1 within change, the largest score first"),
        _column("searchers", _LONG, "different people in the week; null: fewer than k, not none"),
        _column("searchers_before", _LONG, "in the week before; null: fewer than k, not none"),
        _column("score", _DOUBLE, "standard deviations from no change, of the figures told"),
        _column("week_ends", pa.date32(), "the last day of the week"),
    ]
)

#: segments/dt=: a kind of people, as of that day. Key: segment. None has fewer people than a floor.
SEGMENTS: Final = pa.schema(
    [
        _column("segment", _INT, "its number, kept from day to day while most members stay"),
        _column("label", _TEXT, "the first queries that set it apart"),
        _column("people", _LONG, "different people, exact"),
        _column("people_share", _DOUBLE, "of all people of the days"),
        _column("searches", _LONG, "rows of searches of theirs"),
        _column("searches_share", _DOUBLE, "of all"),
        _column("typical", _TEXTS, "queries that set it apart, as most people typed them"),
        _column("peak_hours", pa.list_(_INT), "when it searches more than others do, 0 to 23"),
        _column("by_hour", pa.list_(_DOUBLE), "24 shares of its searches; null: fewer than k"),
        _column(
            "uses",
            pa.list_(_DOUBLE),
            "4 shares of what it looks for: looking up, navigating, news, shopping (see "
            "counting/uses.py); null: fewer than k, or the log does not tell",
        ),
        _column("uses_of_all", pa.list_(_DOUBLE), "the same of everybody"),
        _column("navigating_by", _TEXT, "clicks or repetition: what it was told by"),
        _column("is_new", _BOOLEAN, "no segment of the run before has most of its members"),
        _column("people_before", _LONG, "in the run before; null: new"),
        _column("stayed", _DOUBLE, "of those who were in it and are known still, the share"),
        _column("agreement", _DOUBLE, "of two halves of the people on all segments, to 1"),
    ]
)

#: segment_terms/dt=: a query that sets a segment apart. Key: segment, rank.
SEGMENT_TERMS: Final = pa.schema(
    [
        _column("segment", _INT, "of segments/"),
        _column("rank", _INT, "from 1 within the segment"),
        _column("query", _TEXT, "normalised"),
        _column("surface", _TEXT, "as most people typed it"),
        _column("people", _LONG, "of the segment who typed it, at least k"),
        _column("share", _DOUBLE, "of the people of the segment"),
        _column("share_of_all", _DOUBLE, "of all people"),
        _column("divergence", _DOUBLE, "its part of KL(segment to all), in bits"),
    ]
)

_OF_SEGMENT: Final = _column("segment", _INT, "of segments/ of that day")

#: segment_trending/dt=/hour=, segment_related/dt=, segment_autocomplete/dt=: as the results without
#: a segment, of the people of one alone.
SEGMENT_TRENDING: Final = pa.schema([_OF_SEGMENT, *TRENDING])
SEGMENT_RELATED: Final = pa.schema([_OF_SEGMENT, *RELATED])
SEGMENT_AUTOCOMPLETE: Final = pa.schema([_OF_SEGMENT, *AUTOCOMPLETE])

#: runs/dt=: one run of a job, by the day on which it ended. Key: run_id. Holds nobody's id.
RUNS: Final = pa.schema(
    [
        _column("run_id", _TEXT, "random"),
        _column("started_at", _MOMENT, "UTC"),
        _column("ended_at", _MOMENT, "UTC"),
        _column("seconds", _DOUBLE, "from start to end"),
        _column("job", _TEXT, "jobs/trending.py"),
        _column("version", _TEXT, "of Silgeom"),
        _column(
            "arguments",
            pa.map_(_TEXT, _TEXT),
            "not the defaults; of one that names a person only that it was given",
        ),
        _column("host", _TEXT, "where the job was started"),
        _column(
            "outcome",
            _TEXT,
            "done, nothing_to_do, refused, unreachable, failed or interrupted",
        ),
        _column("exit_status", _INT, ""),
        _column("message", _TEXT, "the sentence of a refusal; the kind of a failure"),
        _column("files", _LONG, "in the landing folder"),
        _column("files_read", _LONG, "new, changed or set aside"),
        _column("lines", _LONG, "accepted + duplicates + rejected + withheld, of these files"),
        _column("accepted", _LONG, ""),
        _column("duplicates", _LONG, ""),
        _column("rejected", _LONG, ""),
        _column("withheld", _LONG, ""),
        _column("partitions_written", pa.map_(_TEXT, _LONG), "by dataset; removed ones too"),
    ]
)

#: The folders of datasets under a root.
DATASETS: Final = (
    "ledger",
    "searches",
    "rejects",
    "hourly_counts",
    "daily_counts",
    "daily_pairs",
    "words",
    "query_keywords",
    "daily_keywords",
    "hourly_keywords",
    "daily_devices",
    "daily_clicks",
    "keyword_clicks",
    "topics",
    "daily_interests",
    "interests",
    "members",
    "daily_addresses",
    "trending",
    "related",
    "autocomplete",
    "keyword_tool",
    "co_clicked",
    "categories",
    "keywords",
    "trending_words",
    "live",
    "query_analytics",
    "keyword_analytics",
    "reformulations",
    "search_quality",
    "patterns",
    "keyword_patterns",
    "changes",
    "segments",
    "segment_terms",
    "segment_trending",
    "segment_related",
    "segment_autocomplete",
    "profiles",
    "runs",
)
