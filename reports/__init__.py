"""What people look at: tables, pictures and pages. They read results and data sets, and compute no score."""
