"""Django REST framework's cached view, as its documentation writes one, with Redis as Django's cache."""
