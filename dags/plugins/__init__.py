"""What Nightshelf adds to Airflow's UI; `AIRFLOW__CORE__PLUGINS_FOLDER` names this folder."""
