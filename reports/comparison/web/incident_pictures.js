// Pictures of incidents: who called whom, and when; for faults of cells, where.
"use strict";
