"""Everything on one computer: store, Airflow and app in the background, one night, its lists."""
