"""A world's tables in DuckDB and networkx."""

import duckdb
import networkx as nx

from bench import api

world = api.world("generator.num_users=600", "generator.days=14", "generator/network=none", "audit=none")
calls = world.labelled_calls()
print(
    duckdb.sql(
        "select anomaly_type, count(*) as calls, avg(call_duration) as seconds from calls group by all order by 1"
    )
)
graph = world.graph()
print(graph, nx.density(graph))
