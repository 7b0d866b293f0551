# Stands for the service: the tests of the pages read everything around it and never start it.
